//! The settings, in the order of their table.

use super::{Page, page};

/// Kept for programs that set it.
const NO_EFFECT: &str = "The specification has it for classes with a firewall, a log of secrets, an event loop or TLS of \
                         their own. What is set is what is read.";

/// One page a setting.
pub const PAGES: &[Page] = &[
    page(
        "DefaultRollOverNumber",
        "block number",
        "Block numbers are 16 bits on the wire and have to start over in files of more than 65535 blocks. 0 is what most \
         clients expect, some want 1. A client that negotiates the option rollover decides itself.",
        "DefaultRollOverNumber=1",
    ),
    page(
        "CaptureIPPacketInfo",
        "",
        "The specification has it for Windows only.",
        "CaptureIPPacketInfo=True",
    )
    .raising(&[909]),
    page(
        "DelayHostResolution",
        "",
        "A server has no RemoteHost to resolve. What is set is what is read.",
        "DelayHostResolution=True",
    ),
    page(
        "DestinationAddress",
        "IP address",
        "It is the local_host of ConnectionRequest, for whoever has CaptureIPPacketInfo already.",
        "DestinationAddress",
    ),
    page(
        "DontFragment",
        "",
        "A client whose blksize does not fit its path then gets an ERROR at once (10040) instead of fragments: set \
         MaxBlockSize to what fits, 1468 on Ethernet with IPv4.",
        "DontFragment=True",
    ),
    page("LocalHost", "", "", "LocalHost=127.0.0.1"),
    page("LocalPort", "UDP port", "", "LocalPort=6969"),
    page(
        "MaxPacketSize",
        "bytes of UDP payload",
        "A client that asks for larger blocks is offered blocks that fit. At 516 nothing but RFC 1350's 512 bytes is left.",
        "MaxPacketSize=1432",
    ),
    page(
        "QOSDSCPValue",
        "DSCP (RFC 2474)",
        "The six upper bits of TOS or Traffic Class of every packet that is sent. It needs no UseConnection here.",
        "QOSDSCPValue=46",
    ),
    page(
        "QOSTrafficType",
        "",
        "By name or number; it reads as the number. DSCP, as Windows gives them: BestEffort 0, Background 8, ExcellentEffort \
         and AudioVideo 40, Voice and Control 56. QOSDSCPValue goes before it. It needs no UseConnection here.",
        "QOSTrafficType=Voice",
    ),
    page(
        "ShareLocalPort",
        "",
        "All of the servers on the port must have it. Each client stays with one of them; which one the system decides.",
        "ShareLocalPort=True",
    ),
    page(
        "SourceIPAddress",
        "IP address",
        "For an address that is not this machine's StartListening answers 10013 without CAP_NET_ADMIN or CAP_NET_RAW, and \
         10047 for one of another family than what is listened on.",
        "SourceIPAddress=192.0.2.1",
    )
    .raising(&[909]),
    page(
        "SourceMacAddress",
        "Ethernet address",
        "Six pairs of hexadecimal digits with `-`, `:` or nothing between them. StartListening answers 10013 without \
         CAP_NET_RAW and 909 where IPv6 is listened on.",
        "SourceMacAddress=02-00-00-00-00-01",
    )
    .raising(&[909]),
    page(
        "UseConnection",
        "",
        "As PortPerTransfer, but without exception: where no descriptor or port is left for it the transfer is refused (ERROR 0 \
         to the client; 10024 or 10048). SinglePort goes before it.",
        "UseConnection=True",
    ),
    page(
        "UseIPv6",
        "",
        "With an address in LocalHost: only that, and it must be an IPv6 address.",
        "UseIPv6=True",
    ),
    page(
        "AbsoluteTimeout",
        "",
        "A transfer that has not ended after Timeout seconds ends with 301, however well it goes.",
        "AbsoluteTimeout=True",
    ),
    page("FirewallData", "", NO_EFFECT, "FirewallData="),
    page(
        "InBufferSize",
        "bytes",
        "The system may grant less: Linux no more than net.core.rmem_max says. More room means fewer packets lost while \
         many clients send at once.",
        "InBufferSize=1048576",
    ),
    page(
        "OutBufferSize",
        "bytes",
        "The system may grant less: Linux no more than net.core.wmem_max says.",
        "OutBufferSize=1048576",
    ),
    page("BuildInfo", "", "Version, machine and system, and how it was compiled.", "BuildInfo"),
    page(
        "CodePage",
        "code page identifier",
        "In decimal, or in hexadecimal with 0x. Which of the specification's list is served by what, and which not, stands \
         in [codepages.md](codepages.md): an identifier of the list that this system does not convert is 434, any other \
         number 905. Bytes of a file name that mean nothing in the code page become characters from U+EF80 to \
         U+EFFF, which stand for those bytes in LocalDir, ConnServedName and ConnLocalFile too. Where that is not possible \
         the name is refused with 434, told by Error, and its client gets an ERROR.",
        "CodePage=1252",
    )
    .raising(&[434]),
    page("LicenseInfo", "", "No key is needed.", "LicenseInfo"),
    page("MaskSensitive", "", NO_EFFECT, "MaskSensitive=False"),
    page("ProcessIdleEvents", "", NO_EFFECT, "ProcessIdleEvents=False"),
    page(
        "SelectWaitMillis",
        "milliseconds",
        "With 0 DoEvents never waits: for programs that wait for the event descriptor or draw a picture meanwhile.",
        "SelectWaitMillis=0",
    ),
    page("UseInternalSecurityAPI", "", NO_EFFECT, "UseInternalSecurityAPI=False"),
    page(
        "LogLevel",
        "",
        "Each level includes the ones below: 1 has the types Info and Error, 2 adds Verbose and PITrail, 3 adds Debug.",
        "LogLevel=2",
    ),
    page(
        "MaxBlockSize",
        "bytes of data a block",
        "A client that asks for more is offered this. MaxPacketSize limits it as well.",
        "MaxBlockSize=1428",
    ),
    page(
        "MaxWindowSize",
        "blocks",
        "A client that asks for more is offered this; 1 is a window of one block, as without the option. A download gets no \
         more than 32767: with more, an ACK that was late on its way could not be told from one of the window in flight. Up to \
         the default two more bounds hold, which a value above 64 lifts. Windows of blocks above 16 kB have 128 kB at most (two \
         blocks of 65464 bytes, four of 32768), because a receive buffer of the default size holds no more of them, and what \
         it drops costs the client's own timeout. With SinglePort windows have 4 blocks at most.",
        "MaxWindowSize=16",
    ),
    page(
        "MaxConnections",
        "transfers",
        "A transfer that its client has not acknowledged for a second gives way to a newcomer (301). Where there is none the client \
         gets an ERROR, the program Connected and Error with 10068.",
        "MaxConnections=100",
    ),
    page(
        "MaxConnectionsPerHost",
        "transfers",
        "Beyond it: 10068, as with MaxConnections; only transfers of the same address give way. Clients behind one NAT address count together.",
        "MaxConnectionsPerHost=4",
    ),
    page(
        "ReadOnly",
        "",
        "The client gets ERROR 2, the program Connected and Error with 10013.",
        "ReadOnly=True",
    ),
    page(
        "AllowOverwrite",
        "",
        "With False an upload to a name that is taken is refused with ERROR 6, and 127 or, where somebody else was faster, \
         128 tells it. With True an existing file is replaced at one instant. One that the server's user may write but not \
         replace (its directory is not writable, or sticky and the file is another user's, or the file is a mount of its \
         own) is overwritten in place instead, when all of the upload has arrived. That takes room in the same directory, \
         or else in TMPDIR or /var/tmp, for the old contents and the new ones.",
        "AllowOverwrite=False",
    ),
    page(
        "FollowSymlinks",
        "",
        "With False no link is followed, neither as the file nor on the way to it. LocalDir itself may always be one.",
        "FollowSymlinks=False",
    ),
    page(
        "SinglePort",
        "",
        "RFC 1350 answers from a new port, which many firewalls do not expect. With a single port a client address can have \
         one transfer at a time: another request from the same port ends the first (10054). Anybody who can forge a client's \
         address can act in its name here, because the server's port is known: so windows have 4 blocks at most unless \
         MaxWindowSize is set above its default, and SECURITY.md says what a forged packet can do.",
        "SinglePort=True",
    ),
    page(
        "TransferPorts",
        "UDP ports",
        "For firewalls that let a range through. Half of the range is for transfers with a port of their own \
         (PortPerTransfer), random ones of it; the rest is shared by further transfers, so that a few ports are enough for \
         many clients. With UseConnection each transfer needs a port of its own. Where no port can be had the connection \
         fails with 10048. The larger the range, the harder a port is to guess.",
        "TransferPorts=40000-41999",
    ),
    page(
        "PortPerTransfer",
        "",
        "A transfer's port is all that protects it from forged packets (RFC 1350 section 4): with True it is drawn at random for \
         each transfer, and whoever else sends to it sees a closed port. Such sockets take at most half of the soft limit of \
         descriptors and half of TransferPorts; further transfers, and all of them with False, share 64 sockets a thread on \
         random ports, of which a secret hash gives each client address two. Sharing takes fewer descriptors and a little less \
         processor time. SinglePort goes before it; UseConnection is the same without sharing: a transfer that can get no \
         socket is refused. With a SourceIPAddress that is not this machine's the sockets are not connected.",
        "PortPerTransfer=False",
    ),
    page(
        "Interface",
        "interface name",
        "The listening sockets and those of transfers are bound to the device (SO_BINDTODEVICE): requests that come in by \
         another interface are not heard, and nothing leaves by another one. With the name of a VRF its routes are used. \
         StartListening fails where there is no such interface. Sockets of ListenDescriptors keep the device that the \
         program gave them; those of their transfers get this one.",
        "Interface=eth0",
    )
    .raising(&[909]),
    page(
        "IoThreads",
        "threads",
        "Each has a socket of its own on the same port, and a client stays with one of them. With TransferPorts there are at most as many as ports.",
        "IoThreads=2",
    ),
    page(
        "AdaptiveRetransmit",
        "",
        "The wait follows the measured round trip (RFC 6298), so a lost packet costs milliseconds. A client's own timeout \
         option is always kept.",
        "AdaptiveRetransmit=False",
    ),
    page(
        "SyncUploads",
        "",
        "The last ACK then waits until file and directory are on the disk (fsync).",
        "SyncUploads=True",
    ),
    page(
        "BusyPollMicros",
        "microseconds",
        "Costs a processor, saves the time of waking up. For lockstep transfers on fast networks.",
        "BusyPollMicros=50",
    ),
    page(
        "Statistics",
        "",
        "Since the server object was opened: active, requests, completed, failed, refused, unanswered, bytes_sent, \
         bytes_received, retransmissions.",
        "Statistics",
    ),
    page(
        "ListenOn",
        "IP addresses with UDP ports",
        "Besides LocalHost and LocalPort, with spaces or commas between them. All of them start or none does: the error \
         is StartListening's and names the address. An IPv6 address takes IPv6 only. Each address has IoThreads threads \
         of its own; everything else is one server: limits, ids, events, Statistics.",
        "ListenOn=127.0.0.1:6970 [::1]:6970",
    ),
    page(
        "ListenDescriptors",
        "file descriptors",
        "For socket activation (systemd's begin with 3) and for programs that bind port 69 and give their rights up \
         before they serve. The library duplicates them when listening starts: yours may be closed then, and a server \
         that is to stop and start again needs them open. LocalHost and LocalPort do not count, and read the first \
         one's address while listening; ListenOn comes in addition. InBufferSize and OutBufferSize change the socket \
         only where they were set. IoThreads needs the right to bind the port once more, otherwise one thread serves \
         the address. StartListening answers 10009 for what is no descriptor, 10038 for what is no socket, 10022 for \
         one that is not UDP, not bound, or connected, 10048 for one that is named twice.",
        "ListenDescriptors=",
    )
    .raising(&[909]),
    page(
        "ListenAddresses",
        "",
        "`127.0.0.1:6969 [::1]:6969`: the main one first, with their real ports.",
        "ListenAddresses",
    ),
];
