"""The library's error numbers and messages as Python exceptions."""
import errno
from typing import Any, Dict, Optional, Tuple, Type

from ._generated import ErrorCode

# api: begin errnos
_NAMES = {
    10004: "EINTR",
    10009: "EBADF",
    10013: "EACCES",
    10014: "EFAULT",
    10022: "EINVAL",
    10024: "EMFILE",
    10035: "EWOULDBLOCK",
    10036: "EINPROGRESS",
    10037: "EALREADY",
    10038: "ENOTSOCK",
    10039: "EDESTADDRREQ",
    10040: "EMSGSIZE",
    10041: "EPROTOTYPE",
    10042: "ENOPROTOOPT",
    10043: "EPROTONOSUPPORT",
    10044: "ESOCKTNOSUPPORT",
    10045: "EOPNOTSUPP",
    10046: "EPFNOSUPPORT",
    10047: "EAFNOSUPPORT",
    10048: "EADDRINUSE",
    10049: "EADDRNOTAVAIL",
    10050: "ENETDOWN",
    10051: "ENETUNREACH",
    10052: "ENETRESET",
    10053: "ECONNABORTED",
    10054: "ECONNRESET",
    10055: "ENOBUFS",
    10056: "EISCONN",
    10057: "ENOTCONN",
    10058: "ESHUTDOWN",
    10059: "ETOOMANYREFS",
    10060: "ETIMEDOUT",
    10061: "ECONNREFUSED",
    10062: "ELOOP",
    10063: "ENAMETOOLONG",
    10064: "EHOSTDOWN",
    10065: "EHOSTUNREACH",
    10066: "ENOTEMPTY",
    10067: "EPROCLIM",
    10068: "EUSERS",
    10069: "EDQUOT",
    10070: "ESTALE",
    10071: "EREMOTE",
}
# api: end errnos


class TFTPServerError(OSError):
    """An error of the library.

    `code` is the error number (an `ErrorCode` if it is a known one), `message` the text. It is an
    OSError, as errors of sockets are: `errno` is the platform's number if the error has one (10048
    is errno.EADDRINUSE), otherwise None. An index out of range (903) is an IndexError too, and an
    invalid value or an unknown setting (905, 906) a ValueError.
    """

    code: int
    message: str

    def __new__(cls, code: int, message: str = "") -> "TFTPServerError":
        kind: Type[TFTPServerError] = _KINDS.get(code, cls) if cls is TFTPServerError else cls
        self = OSError.__new__(kind, platform_errno(code), message)
        try:
            self.code = ErrorCode(code)
        except ValueError:
            self.code = code
        self.message = message
        return self

    def __str__(self) -> str:
        return self.message or f"[{int(self.code)}]"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self.code)}, {self.message!r})"

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (int(self.code), self.message)


class TFTPServerIndexError(TFTPServerError, IndexError):
    """No such connection (903)."""


class TFTPServerValueError(TFTPServerError, ValueError):
    """An invalid value (905), or an unknown setting (906)."""


_KINDS: Dict[int, Type[TFTPServerError]] = {
    ErrorCode.INDEX_OUT_OF_RANGE: TFTPServerIndexError,
    ErrorCode.INVALID_VALUE: TFTPServerValueError,
    ErrorCode.UNKNOWN_SETTING: TFTPServerValueError,
}


def platform_errno(code: int) -> Optional[int]:
    """Returns the platform's errno for one of the library's TCP/IP error numbers, or None."""
    return getattr(errno, _NAMES.get(code, ""), None)


def not_stored(raised: Exception) -> TFTPServerError:
    """Returns the error for `on_end` when closing the sink of an upload raised: the file is
    incomplete."""
    error = TFTPServerError(ErrorCode.CANNOT_WRITE_FILE, f"Can't write to local file. {raised}")
    error.__cause__ = raised
    return error
