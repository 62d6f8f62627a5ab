<?php

declare(strict_types=1);

/*
 * The class IPWorks_TFTPServer, for programs written for IPWorks TFTPServer. Opt-in: a program has to load it, as it
 * does procedural.php. A method that fails throws Exception("<code>: <message>"). Otherwise setX and doX return 0, and
 * doConfig returns a text.
 */

require_once __DIR__ . '/procedural.php';

class IPWorks_TFTPServer
{
    private const EVENTS = [1 => 'fireConnected', 2 => 'fireConnectionRequest', 3 => 'fireDisconnected', 4 => 'fireEndTransfer', 5 => 'fireError', 6 => 'fireLog', 7 => 'fireStartTransfer', 8 => 'fireTransfer'];

    /** The handle that the functions ipworks_tftpserver_... take. */
    public $handle;

    public function __construct()
    {
        $this->handle();
    }

    public function __destruct()
    {
        if ($this->handle !== null) {
            ipworks_tftpserver_close($this->handle);
        }
    }

    public function lastError()
    {
        return ipworks_tftpserver_get_last_error($this->handle());
    }

    public function lastErrorCode()
    {
        return ipworks_tftpserver_get_last_error_code($this->handle());
    }

    public function VERSION()
    {
        return $this->get(0);
    }

    /** Stored for programs that set it; no license is needed. */
    public function getRuntimeLicense()
    {
        return $this->get(2011);
    }

    public function setRuntimeLicense($value)
    {
        return $this->set(2011, $value);
    }

    // Methods.

    public function doConfig($configurationstring)
    {
        return $this->checked(ipworks_tftpserver_do_config($this->handle(), $configurationstring));
    }

    /** Delivers the waiting events, and throws an exception of a handler. */
    public function doEvents()
    {
        return $this->check(ipworks_tftpserver_do_doevents($this->handle()));
    }

    public function doStartListening()
    {
        return $this->check(ipworks_tftpserver_do_startlistening($this->handle()));
    }

    public function doStopListening()
    {
        return $this->check(ipworks_tftpserver_do_stoplistening($this->handle()));
    }

    public function doShutdown()
    {
        return $this->check(ipworks_tftpserver_do_shutdown($this->handle()));
    }

    // Properties. A $connid is a connection's id, or a position from 0 to getConnCount() - 1.

    public function getConnCount()
    {
        return $this->get(1);
    }

    public function getConnConnectionId($connid)
    {
        return $this->conn(2, $connid, '');
    }

    public function getConnFileData($connid)
    {
        return $this->conn(4, $connid, '');
    }

    public function setConnFileData($connid, $value)
    {
        return $this->set(4, $value, $connid);
    }

    public function getConnFilename($connid)
    {
        return $this->conn(5, $connid, '');
    }

    public function getConnLocalFile($connid)
    {
        return $this->conn(6, $connid, '');
    }

    public function setConnLocalFile($connid, $value)
    {
        return $this->set(6, $value, $connid);
    }

    public function getConnRemoteHost($connid)
    {
        return $this->conn(7, $connid, '');
    }

    public function getConnRemotePort($connid)
    {
        return $this->conn(8, $connid, 0);
    }

    public function getConnTransferMode($connid)
    {
        return $this->conn(9, $connid, '');
    }

    public function getListening()
    {
        return $this->get(11);
    }

    public function setListening($value)
    {
        return $this->set(11, $value);
    }

    public function getLocalDir()
    {
        return $this->get(12);
    }

    public function setLocalDir($value)
    {
        return $this->set(12, $value);
    }

    public function getLocalHost()
    {
        return $this->get(13);
    }

    public function setLocalHost($value)
    {
        return $this->set(13, $value);
    }

    public function getLocalPort()
    {
        return $this->get(14);
    }

    public function setLocalPort($value)
    {
        return $this->set(14, $value);
    }

    public function getMaxRetransmits()
    {
        return $this->get(15);
    }

    public function setMaxRetransmits($value)
    {
        return $this->set(15, $value);
    }

    public function getRetransmitTimeout()
    {
        return $this->get(16);
    }

    public function setRetransmitTimeout($value)
    {
        return $this->set(16, $value);
    }

    public function getTimeout()
    {
        return $this->get(17);
    }

    public function setTimeout($value)
    {
        return $this->set(17, $value);
    }

    // Events: methods to override. A handler takes an array of the named parameters, and returns it, changed or not, or
    // nothing.

    /** connectionid, statuscode, description */
    public function fireConnected($param)
    {
        return $param;
    }

    /** remotehost, remoteport, filename, transfermode, operation, accept */
    public function fireConnectionRequest($param)
    {
        return $param;
    }

    /** connectionid, statuscode, description */
    public function fireDisconnected($param)
    {
        return $param;
    }

    /** connectionid, direction */
    public function fireEndTransfer($param)
    {
        return $param;
    }

    /** errorcode, description */
    public function fireError($param)
    {
        return $param;
    }

    /** connectionid, loglevel, message, logtype */
    public function fireLog($param)
    {
        return $param;
    }

    /** connectionid, direction */
    public function fireStartTransfer($param)
    {
        return $param;
    }

    /** connectionid, direction, bytestransferred, percentdone, text */
    public function fireTransfer($param)
    {
        return $param;
    }

    /** Opens the server on first use, so that subclasses whose constructors do not call this one's work too. */
    private function handle(): mixed
    {
        if ($this->handle === null) {
            $this->handle = ipworks_tftpserver_open();
            // Not $this: the object would never be freed.
            $self = WeakReference::create($this);
            foreach (self::EVENTS as $id => $method) {
                // The empty handler must not take uploads: without a file they are refused (126).
                if ($id === 8 && (new ReflectionMethod($this, $method))->class === self::class) {
                    continue;
                }
                $this->check(ipworks_tftpserver_register_callback(
                    $this->handle,
                    $id,
                    static fn (array $param): mixed => $self->get()?->{$method}($param),
                ));
            }
        }

        return $this->handle;
    }

    private function get(int $id, mixed $index = 0): mixed
    {
        return $this->checked(ipworks_tftpserver_get($this->handle(), $id, $index));
    }

    /** Returns a Conn property, or its default if the record does not exist. */
    private function conn(int $id, mixed $connid, string|int $default): mixed
    {
        $value = ipworks_tftpserver_get($this->handle(), $id, $connid);
        if ($value === null && ipworks_tftpserver_get_last_error_code($this->handle) === TftpServer\ErrorCode::IndexOutOfRange->value) {
            return $default;
        }

        return $this->checked($value);
    }

    private function set(int $id, mixed $value, mixed $index = 0): int
    {
        return $this->check(ipworks_tftpserver_set($this->handle(), $id, $value, $index));
    }

    private function checked(mixed $value): mixed
    {
        if ($value === null) {
            $this->check(ipworks_tftpserver_get_last_error_code($this->handle));
        }

        return $value;
    }

    /** @return int 0 */
    private function check(int $code): int
    {
        if ($code !== 0) {
            throw new Exception($code . ': ' . ipworks_tftpserver_get_last_error($this->handle), $code);
        }

        return 0;
    }
}
