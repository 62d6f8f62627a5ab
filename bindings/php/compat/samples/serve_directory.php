<?php
// Serves a directory and prints the events:  php serve_directory.php <directory> [port]
require_once('../include/ipworks_tftpserver.php');
require_once('../include/ipworks_const.php');

class MyTFTPServer extends IPWorks_TFTPServer
{
  function FireConnectionRequest($param) {
    echo $param['remotehost'] . ":" . $param['remoteport'] . ($param['operation'] == 1 ? " reads " : " writes ") . $param['filename'] . "\n";
    $param['accept'] = true;
    return $param;
  }
  function FireConnected($param) {
    echo "Connected: " . $param['connectionid'] . " " . $param['statuscode'] . " " . $param['description'] . "\n";
  }
  function FireStartTransfer($param) {
    echo "StartTransfer: " . $param['connectionid'] . " " . ($param['direction'] == 0 ? "Upload" : "Download") . "\n";
  }
  function FireTransfer($param) {
    echo "Transfer: " . $param['connectionid'] . " " . $param['bytestransferred'] . " " . $param['percentdone'] . "% " . strlen($param['text']) . "\n";
  }
  function FireEndTransfer($param) {
    echo "EndTransfer: " . $param['connectionid'] . "\n";
  }
  function FireDisconnected($param) {
    echo "Disconnected: " . $param['connectionid'] . " " . $param['statuscode'] . " " . $param['description'] . "\n";
  }
  function FireError($param) {
    echo "Error: " . $param['errorcode'] . " " . $param['description'] . "\n";
  }
}

if ($argc < 2) {
  echo "Usage: php serve_directory.php <directory> [port]\n";
  return;
}

try {
  $tftpserver = new MyTFTPServer();
  $tftpserver->setLocalHost("127.0.0.1");
  $tftpserver->setLocalDir($argv[1]);
  if ($argc > 2) $tftpserver->setLocalPort($argv[2]);
  $tftpserver->doStartListening();
  echo "Listening on port " . $tftpserver->getLocalPort() . "\n";
  while (true) {
    $tftpserver->doEvents();
  }
} catch (Exception $e) {
  echo "Error: " . $e->getMessage() . "\n";
}
?>
