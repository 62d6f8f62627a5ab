"""Made from include/tftpserver.h by generate.py. Not to be edited: change the header, and run that."""
import operator
from typing import Any, Dict, TypedDict

#: The library's names.
NAMES: Dict[str, str] = {
    "default_roll_over_number": "DefaultRollOverNumber",
    "capture_ip_packet_info": "CaptureIPPacketInfo",
    "delay_host_resolution": "DelayHostResolution",
    "destination_address": "DestinationAddress",
    "dont_fragment": "DontFragment",
    "local_host": "LocalHost",
    "local_port": "LocalPort",
    "max_packet_size": "MaxPacketSize",
    "qos_dscp_value": "QOSDSCPValue",
    "qos_traffic_type": "QOSTrafficType",
    "share_local_port": "ShareLocalPort",
    "source_ip_address": "SourceIPAddress",
    "source_mac_address": "SourceMacAddress",
    "use_connection": "UseConnection",
    "use_ipv6": "UseIPv6",
    "absolute_timeout": "AbsoluteTimeout",
    "firewall_data": "FirewallData",
    "in_buffer_size": "InBufferSize",
    "out_buffer_size": "OutBufferSize",
    "build_info": "BuildInfo",
    "code_page": "CodePage",
    "license_info": "LicenseInfo",
    "mask_sensitive": "MaskSensitive",
    "process_idle_events": "ProcessIdleEvents",
    "select_wait_millis": "SelectWaitMillis",
    "use_internal_security_api": "UseInternalSecurityAPI",
    "log_level": "LogLevel",
    "max_block_size": "MaxBlockSize",
    "max_window_size": "MaxWindowSize",
    "max_connections": "MaxConnections",
    "max_connections_per_host": "MaxConnectionsPerHost",
    "read_only": "ReadOnly",
    "allow_overwrite": "AllowOverwrite",
    "follow_symlinks": "FollowSymlinks",
    "single_port": "SinglePort",
    "transfer_ports": "TransferPorts",
    "port_per_transfer": "PortPerTransfer",
    "interface": "Interface",
    "io_threads": "IoThreads",
    "adaptive_retransmit": "AdaptiveRetransmit",
    "sync_uploads": "SyncUploads",
    "busy_poll_micros": "BusyPollMicros",
    "statistics": "Statistics",
    "listen_on": "ListenOn",
    "listen_descriptors": "ListenDescriptors",
    "listen_addresses": "ListenAddresses",
}


class Settings(TypedDict, total=False):
    """The keyword arguments of the constructors of Server and AsyncServer."""

    timeout: int
    max_retransmits: int
    retransmit_timeout: int
    default_roll_over_number: int
    capture_ip_packet_info: bool
    delay_host_resolution: bool
    dont_fragment: bool
    local_host: str
    local_port: int
    max_packet_size: int
    qos_dscp_value: int
    qos_traffic_type: int
    share_local_port: bool
    source_ip_address: str
    source_mac_address: str
    use_connection: bool
    use_ipv6: bool
    absolute_timeout: bool
    firewall_data: str
    in_buffer_size: int
    out_buffer_size: int
    code_page: int
    mask_sensitive: bool
    process_idle_events: bool
    select_wait_millis: int
    use_internal_security_api: bool
    log_level: int
    max_block_size: int
    max_window_size: int
    max_connections: int
    max_connections_per_host: int
    read_only: bool
    allow_overwrite: bool
    follow_symlinks: bool
    single_port: bool
    transfer_ports: str
    port_per_transfer: bool
    interface: str
    io_threads: int
    adaptive_retransmit: bool
    sync_uploads: bool
    busy_poll_micros: int
    listen_on: str
    listen_descriptors: str


class SettingAttributes:
    """The settings as attributes."""

    def _read_setting(self, name: str) -> str:
        raise NotImplementedError

    def _write_setting(self, name: str, value: Any) -> None:
        raise NotImplementedError

    @property
    def default_roll_over_number(self) -> int:
        """The block number after 65535, unless the client negotiates the option rollover."""
        return int(self._read_setting("DefaultRollOverNumber"))

    @default_roll_over_number.setter
    def default_roll_over_number(self, value: int) -> None:
        self._write_setting("DefaultRollOverNumber", operator.index(value))

    @property
    def capture_ip_packet_info(self) -> bool:
        """Records the destination address of requests for DestinationAddress."""
        return self._read_setting("CaptureIPPacketInfo") == "True"

    @capture_ip_packet_info.setter
    def capture_ip_packet_info(self, value: bool) -> None:
        self._write_setting("CaptureIPPacketInfo", bool(operator.index(value)))

    @property
    def delay_host_resolution(self) -> bool:
        """No effect on a UDP server; stored and returned."""
        return self._read_setting("DelayHostResolution") == "True"

    @delay_host_resolution.setter
    def delay_host_resolution(self, value: bool) -> None:
        self._write_setting("DelayHostResolution", bool(operator.index(value)))

    @property
    def destination_address(self) -> str:
        """In a callback, the address its client sent to; elsewhere, the latest one. "" without CaptureIPPacketInfo."""
        return self._read_setting("DestinationAddress")

    @property
    def dont_fragment(self) -> bool:
        """Sets the Don't Fragment flag of outgoing packets."""
        return self._read_setting("DontFragment") == "True"

    @dont_fragment.setter
    def dont_fragment(self, value: bool) -> None:
        self._write_setting("DontFragment", bool(operator.index(value)))

    @property
    def local_host(self) -> str:
        """The property LocalHost."""
        return self._read_setting("LocalHost")

    @local_host.setter
    def local_host(self, value: str) -> None:
        self._write_setting("LocalHost", value)

    @property
    def local_port(self) -> int:
        """The property LocalPort."""
        return int(self._read_setting("LocalPort"))

    @local_port.setter
    def local_port(self, value: int) -> None:
        self._write_setting("LocalPort", operator.index(value))

    @property
    def max_packet_size(self) -> int:
        """Bytes of the largest datagram. Limits blksize to 4 bytes less."""
        return int(self._read_setting("MaxPacketSize"))

    @max_packet_size.setter
    def max_packet_size(self, value: int) -> None:
        self._write_setting("MaxPacketSize", operator.index(value))

    @property
    def qos_dscp_value(self) -> int:
        """DSCP of outgoing packets; 0: QOSTrafficType decides."""
        return int(self._read_setting("QOSDSCPValue"))

    @qos_dscp_value.setter
    def qos_dscp_value(self, value: int) -> None:
        self._write_setting("QOSDSCPValue", operator.index(value))

    @property
    def qos_traffic_type(self) -> int:
        """DSCP by name: BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5)."""
        return int(self._read_setting("QOSTrafficType"))

    @qos_traffic_type.setter
    def qos_traffic_type(self, value: int) -> None:
        self._write_setting("QOSTrafficType", operator.index(value))

    @property
    def share_local_port(self) -> bool:
        """Allows other servers on the same port."""
        return self._read_setting("ShareLocalPort") == "True"

    @share_local_port.setter
    def share_local_port(self, value: bool) -> None:
        self._write_setting("ShareLocalPort", bool(operator.index(value)))

    @property
    def source_ip_address(self) -> str:
        """The source address of outgoing packets; "": the one that the client sent to. Not on Windows: 909."""
        return self._read_setting("SourceIPAddress")

    @source_ip_address.setter
    def source_ip_address(self, value: str) -> None:
        self._write_setting("SourceIPAddress", value)

    @property
    def source_mac_address(self) -> str:
        """The Ethernet source address of IPv4 packets, such as 02-00-00-00-00-01. Linux only: 909 elsewhere."""
        return self._read_setting("SourceMacAddress")

    @source_mac_address.setter
    def source_mac_address(self, value: str) -> None:
        self._write_setting("SourceMacAddress", value)

    @property
    def use_connection(self) -> bool:
        """Gives every transfer its own connected socket, without exception."""
        return self._read_setting("UseConnection") == "True"

    @use_connection.setter
    def use_connection(self, value: bool) -> None:
        self._write_setting("UseConnection", bool(operator.index(value)))

    @property
    def use_ipv6(self) -> bool:
        """Listens on IPv6; with LocalHost "" on both families. Also selects the family of names in LocalHost."""
        return self._read_setting("UseIPv6") == "True"

    @use_ipv6.setter
    def use_ipv6(self, value: bool) -> None:
        self._write_setting("UseIPv6", bool(operator.index(value)))

    @property
    def absolute_timeout(self) -> bool:
        """Timeout limits the whole transfer instead of the time without progress."""
        return self._read_setting("AbsoluteTimeout") == "True"

    @absolute_timeout.setter
    def absolute_timeout(self, value: bool) -> None:
        self._write_setting("AbsoluteTimeout", bool(operator.index(value)))

    @property
    def firewall_data(self) -> str:
        """No effect on a UDP server; stored and returned."""
        return self._read_setting("FirewallData")

    @firewall_data.setter
    def firewall_data(self, value: str) -> None:
        self._write_setting("FirewallData", value)

    @property
    def in_buffer_size(self) -> int:
        """Bytes of the socket receive buffer; 0: the library's choice. While listening, the granted size."""
        return int(self._read_setting("InBufferSize"))

    @in_buffer_size.setter
    def in_buffer_size(self, value: int) -> None:
        self._write_setting("InBufferSize", operator.index(value))

    @property
    def out_buffer_size(self) -> int:
        """Bytes of the socket send buffer; 0: the library's choice. While listening, the granted size."""
        return int(self._read_setting("OutBufferSize"))

    @out_buffer_size.setter
    def out_buffer_size(self, value: int) -> None:
        self._write_setting("OutBufferSize", operator.index(value))

    @property
    def build_info(self) -> str:
        """Version, architecture, system and build profile of the library."""
        return self._read_setting("BuildInfo")

    @property
    def code_page(self) -> int:
        """Code page of file names in packets; 65001 is UTF-8. docs/codepages.md lists them; 434: not available."""
        return int(self._read_setting("CodePage"))

    @code_page.setter
    def code_page(self, value: int) -> None:
        self._write_setting("CodePage", operator.index(value))

    @property
    def license_info(self) -> str:
        """The license of the library."""
        return self._read_setting("LicenseInfo")

    @property
    def mask_sensitive(self) -> bool:
        """No effect on a UDP server; stored and returned."""
        return self._read_setting("MaskSensitive") == "True"

    @mask_sensitive.setter
    def mask_sensitive(self, value: bool) -> None:
        self._write_setting("MaskSensitive", bool(operator.index(value)))

    @property
    def process_idle_events(self) -> bool:
        """No effect on a UDP server; stored and returned."""
        return self._read_setting("ProcessIdleEvents") == "True"

    @process_idle_events.setter
    def process_idle_events(self, value: bool) -> None:
        self._write_setting("ProcessIdleEvents", bool(operator.index(value)))

    @property
    def select_wait_millis(self) -> int:
        """Milliseconds that DoEvents waits for the first event, at most; 0: no wait."""
        return int(self._read_setting("SelectWaitMillis"))

    @select_wait_millis.setter
    def select_wait_millis(self, value: int) -> None:
        self._write_setting("SelectWaitMillis", operator.index(value))

    @property
    def use_internal_security_api(self) -> bool:
        """No effect on a UDP server; stored and returned."""
        return self._read_setting("UseInternalSecurityAPI") == "True"

    @use_internal_security_api.setter
    def use_internal_security_api(self, value: bool) -> None:
        self._write_setting("UseInternalSecurityAPI", bool(operator.index(value)))

    @property
    def log_level(self) -> int:
        """Level of Log events: 0 none, 1 Info, 2 Verbose, 3 Debug."""
        return int(self._read_setting("LogLevel"))

    @log_level.setter
    def log_level(self, value: int) -> None:
        self._write_setting("LogLevel", operator.index(value))

    @property
    def max_block_size(self) -> int:
        """Largest blksize that is granted (RFC 2348)."""
        return int(self._read_setting("MaxBlockSize"))

    @max_block_size.setter
    def max_block_size(self, value: int) -> None:
        self._write_setting("MaxBlockSize", operator.index(value))

    @property
    def max_window_size(self) -> int:
        """Largest windowsize that is granted (RFC 7440)."""
        return int(self._read_setting("MaxWindowSize"))

    @max_window_size.setter
    def max_window_size(self, value: int) -> None:
        self._write_setting("MaxWindowSize", operator.index(value))

    @property
    def max_connections(self) -> int:
        """Largest number of concurrent transfers. Further requests are refused with 10068."""
        return int(self._read_setting("MaxConnections"))

    @max_connections.setter
    def max_connections(self, value: int) -> None:
        self._write_setting("MaxConnections", operator.index(value))

    @property
    def max_connections_per_host(self) -> int:
        """Largest number of concurrent transfers of one address; 0: no limit."""
        return int(self._read_setting("MaxConnectionsPerHost"))

    @max_connections_per_host.setter
    def max_connections_per_host(self, value: int) -> None:
        self._write_setting("MaxConnectionsPerHost", operator.index(value))

    @property
    def read_only(self) -> bool:
        """Refuses uploads."""
        return self._read_setting("ReadOnly") == "True"

    @read_only.setter
    def read_only(self, value: bool) -> None:
        self._write_setting("ReadOnly", bool(operator.index(value)))

    @property
    def allow_overwrite(self) -> bool:
        """Allows uploads to replace existing files."""
        return self._read_setting("AllowOverwrite") == "True"

    @allow_overwrite.setter
    def allow_overwrite(self, value: bool) -> None:
        self._write_setting("AllowOverwrite", bool(operator.index(value)))

    @property
    def follow_symlinks(self) -> bool:
        """Follows symbolic links whose targets are inside LocalDir."""
        return self._read_setting("FollowSymlinks") == "True"

    @follow_symlinks.setter
    def follow_symlinks(self, value: bool) -> None:
        self._write_setting("FollowSymlinks", bool(operator.index(value)))

    @property
    def single_port(self) -> bool:
        """Sends from the listening port instead of one port per transfer, for firewalls and NAT."""
        return self._read_setting("SinglePort") == "True"

    @single_port.setter
    def single_port(self, value: bool) -> None:
        self._write_setting("SinglePort", bool(operator.index(value)))

    @property
    def transfer_ports(self) -> str:
        """Range of ports for transfers, such as 40000-40100; "": the system chooses."""
        return self._read_setting("TransferPorts")

    @transfer_ports.setter
    def transfer_ports(self, value: str) -> None:
        self._write_setting("TransferPorts", value)

    @property
    def port_per_transfer(self) -> bool:
        """Gives each transfer its own connected socket on a random port, while descriptors last."""
        return self._read_setting("PortPerTransfer") == "True"

    @port_per_transfer.setter
    def port_per_transfer(self, value: bool) -> None:
        self._write_setting("PortPerTransfer", bool(operator.index(value)))

    @property
    def interface(self) -> str:
        """The network interface (on Linux also a VRF) for all packets; "": any. Linux and macOS only: 909 elsewhere."""
        return self._read_setting("Interface")

    @interface.setter
    def interface(self, value: str) -> None:
        self._write_setting("Interface", value)

    @property
    def io_threads(self) -> int:
        """Number of I/O threads for each listening address."""
        return int(self._read_setting("IoThreads"))

    @io_threads.setter
    def io_threads(self, value: int) -> None:
        self._write_setting("IoThreads", operator.index(value))

    @property
    def adaptive_retransmit(self) -> bool:
        """Adapts retransmission to the measured round trip; False: always waits RetransmitTimeout."""
        return self._read_setting("AdaptiveRetransmit") == "True"

    @adaptive_retransmit.setter
    def adaptive_retransmit(self, value: bool) -> None:
        self._write_setting("AdaptiveRetransmit", bool(operator.index(value)))

    @property
    def sync_uploads(self) -> bool:
        """Acknowledges an upload only when it is on the disk (fsync), so that it survives power loss."""
        return self._read_setting("SyncUploads") == "True"

    @sync_uploads.setter
    def sync_uploads(self, value: bool) -> None:
        self._write_setting("SyncUploads", bool(operator.index(value)))

    @property
    def busy_poll_micros(self) -> int:
        """Microseconds to poll for the next packet before sleeping, at most; 0: no polling."""
        return int(self._read_setting("BusyPollMicros"))

    @busy_poll_micros.setter
    def busy_poll_micros(self, value: int) -> None:
        self._write_setting("BusyPollMicros", operator.index(value))

    @property
    def statistics(self) -> str:
        """Totals of this server, one line of JSON."""
        return self._read_setting("Statistics")

    @property
    def listen_on(self) -> str:
        """Additional addresses to listen on, such as 192.0.2.1:69 [2001:db8::1]:69."""
        return self._read_setting("ListenOn")

    @listen_on.setter
    def listen_on(self, value: str) -> None:
        self._write_setting("ListenOn", value)

    @property
    def listen_descriptors(self) -> str:
        """Bound UDP sockets to listen on in place of LocalHost and LocalPort, such as 3,4. Not on Windows: 909."""
        return self._read_setting("ListenDescriptors")

    @listen_descriptors.setter
    def listen_descriptors(self, value: str) -> None:
        self._write_setting("ListenDescriptors", value)

    @property
    def listen_addresses(self) -> str:
        """The addresses on which the server listens; "": it does not listen."""
        return self._read_setting("ListenAddresses")
