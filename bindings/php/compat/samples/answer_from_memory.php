<?php
/* Has no files: every download is made up for its client, names beginning with "secret" are refused.
   php answer_from_memory.php [port] */
require_once('../include/ipworks_tftpserver.php');
require_once('../include/ipworks_const.php');

class Provisioner extends IPWorks_TFTPServer
{
  var $answered = 0;

  // Not calling the parent's constructor is what older programs do.
  function __construct() { }

  function fireConnectionRequest($param)
  {
    if (strpos($param['filename'], "secret") === 0 || $param['operation'] != 1)
      $param['accept'] = false;
    return $param;
  }

  function fireConnected($param)
  {
    $id = $param['connectionid'];
    if ($param['statuscode'] != 0) {
      echo "refused: " . $param['statuscode'] . "\n";
      return;
    }
    $this->setConnFileData($id, "host=" . $this->getConnRemoteHost($id) . "\nfile=" . $this->getConnFilename($id) . "\nbytes=\0\1\xff\n");
    for ($i = 0; $i < $this->getConnCount(); $i++)
      echo "connection " . $i . " is " . $this->getConnConnectionId($i) . ", mode " . $this->getConnTransferMode($i) . ", port " . ($this->getConnRemotePort($i) > 0 ? "known" : "unknown") . "\n";
    return $param;
  }

  function fireDisconnected($param)
  {
    $this->answered++;
    echo "answered " . $this->answered . "\n";
  }
}

$server = new Provisioner();
try {
  echo "Library " . ($server->VERSION() != "" ? "known" : "unknown") . ", block size " . $server->doConfig("MaxBlockSize") . "\n";
  $server->doConfig("SelectWaitMillis=10");
  $server->setLocalHost("127.0.0.1");
  $server->setLocalPort($argc > 1 ? $argv[1] : 0);
  $server->setListening(true);
  echo "Listening on port " . $server->getLocalPort() . "\n";
  while ($server->getListening()) {
    $server->doEvents();
  }
} catch (Exception $ex) {
  echo 'Caught: ',  $ex->getMessage(), "\n";
}
