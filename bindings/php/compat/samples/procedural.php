<?php
// The functions alone, without the class:  php procedural.php <directory> [port]
require_once('../include/ipworks_tftpserver.php');
require_once('../include/ipworks_const.php');

function on_request($param)
{
  echo "request for " . $param['filename'] . " in mode " . $param['transfermode'] . "\n";
  if ($param['filename'] == "no") $param['accept'] = false;
  return $param;
}

class Listener
{
  function fireDisconnected($param)
  {
    echo "end: " . $param['statuscode'] . " " . $param['description'] . "\n";
  }

  function listen($res)
  {
    return ipworks_tftpserver_register_callback($res, 3, array($this, 'fireDisconnected'));
  }
}

$res = ipworks_tftpserver_open("42 is no key");
$listener = new Listener();
if (ipworks_tftpserver_register_callback($res, 2, 'on_request') != 0) die("no callback\n");
if ($listener->listen($res) != 0) die("no callback\n");

ipworks_tftpserver_set($res, 13, "127.0.0.1" );
$ret = ipworks_tftpserver_set($res, 12, $argv[1] );
if ($ret != 0) die($ret . ": " . ipworks_tftpserver_get_last_error($res) . "\n");
ipworks_tftpserver_set($res, 14, isset($argv[2]) ? $argv[2] : 0 );

$ret = ipworks_tftpserver_do_startlistening($res);
if ($ret != 0) die($ret . ": " . ipworks_tftpserver_get_last_error($res) . "\n");
echo "Listening on port " . ipworks_tftpserver_get($res, 14 ) . "\n";
while (ipworks_tftpserver_get($res, 11 )) {
  ipworks_tftpserver_do_doevents($res);
}
ipworks_tftpserver_close($res);
