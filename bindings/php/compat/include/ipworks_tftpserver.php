<?php

/*
 * The class IPWorks_TFTPServer and the functions ipworks_tftpserver_..., on libtftpserver, for programs written for
 * IPWorks TFTPServer with the line require_once('../include/ipworks_tftpserver.php'). Link this directory (ln -s) to
 * the place that such programs expect; it is not installed there. Not affiliated with the vendor of IPWorks.
 */

require_once dirname(__DIR__) . '/IPWorks_TFTPServer.php';
