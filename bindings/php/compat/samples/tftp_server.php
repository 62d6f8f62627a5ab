<?php
/* A TFTP server for a directory, read from the arguments or from standard input:  php tftp_server.php [port [directory]] */
require_once('../include/ipworks_tftpserver.php');
require_once('../include/ipworks_const.php');
?>
<?php
global $tftpserver;
class MyTFTPServer extends IPWorks_TFTPServer
{
  function FireConnectionRequest($param) {
    echo $param['remotehost'] . ": wants to " . ($param['operation'] == 1 ? "read " : "write ") . $param['filename'] . ".\n";
    return $param;
  }
  function FireConnected($param) {
    global $tftpserver;
    echo $tftpserver->getConnRemoteHost($param['connectionid']) . ": connected, " . $param['description'] . "\n";
  }
  function FireTransfer($param) {
    // Only to be watched: LocalDir takes the file.
    echo $param['connectionid'] . ": " . strlen($param['text']) . " bytes.\n";
  }
  function FireEndTransfer($param) {
    echo $param['connectionid'] . ": transferred.\n";
  }
  function FireDisconnected($param) {
    global $tftpserver;
    echo $param['connectionid'] . ": disconnected, " . $param['description'] . "\n";
  }
  function FireError($param) {
    echo "Error: " . $param['description'] . "\n";
  }
  function FireLog($param) {
    if ($param['logtype'] == "Error") echo "Log: " . $param['message'] . "\n";
  }
}

function input($prompt) {
  echo $prompt;
  $handle = fopen("php://stdin", "r");
  $data = trim(fgets($handle));
  fclose($handle);
  return $data;
}

$tftpserver = new MyTFTPServer();
$tftpserver->setRuntimeLicense("none");
try {
  $tftpserver->setLocalHost("127.0.0.1");
  if ($argc > 1) $tftpserver->setLocalPort($argv[1]);
  // Looked at when listening starts, so it may be made until then.
  $directory = $argc > 2 ? $argv[2] : input("Local directory: ");
  if ($tftpserver->setLocalDir($directory) != 0) echo "never\n";
  if (!is_dir($directory)) mkdir($directory);
  if ($tftpserver->doStartListening() == 0)
    echo "\nListening on port " . $tftpserver->getLocalPort() . "\n";
  while (true) {
    $tftpserver->doEvents();
  }
} catch (Exception $ex) {
  echo 'Error: ' . $ex->getMessage() . "\n";
}
?>
