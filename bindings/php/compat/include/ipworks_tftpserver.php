<?php

/*
 * For programs written for IPWorks TFTPServer that say require_once('../include/ipworks_tftpserver.php'): the class
 * IPWorks_TFTPServer and the functions ipworks_tftpserver_..., on libtftpserver. Link this directory (ln -s) where such
 * programs look for it; nothing installs it there by itself. Not affiliated with the vendor of IPWorks.
 */

require_once dirname(__DIR__) . '/IPWorks_TFTPServer.php';
