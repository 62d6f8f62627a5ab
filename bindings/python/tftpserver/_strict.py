"""Checks for mistakes that Python would ignore: misspelt attributes, copies of servers, unawaited
coroutines."""
import difflib
import inspect
from typing import TYPE_CHECKING, Any, NoReturn


class Strict:
    """Base of the servers: a name that does not exist cannot be set, and a server can be neither
    copied nor pickled.

    A subclass may have attributes of its own, unless their names begin with "on_" or are close to a
    known name.
    """

    if not TYPE_CHECKING:  # with __setattr__, type checkers would allow every name
        def __setattr__(self, name: str, value: Any) -> None:
            _check_name(self, name)
            object.__setattr__(self, name, value)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} can be neither copied nor pickled: its threads and sockets are one process's")


def _check_name(server: object, name: str) -> None:
    """Raises AttributeError for a name that is not an attribute of the server's class."""
    if name.startswith("_") or hasattr(type(server), name) or name in server.__dict__:
        return
    known = [known for known in dir(type(server)) if not known.startswith("_")]
    near = difflib.get_close_matches(name, known, 1, 0.85)
    is_own_class = type(server).__module__.partition(".")[0] == __name__.partition(".")[0]
    # Longer and shorter names, such as "conns" and "timeouts", are not misspellings.
    is_misspelt = any(not name.startswith(one) and not one.startswith(name) for one in near)
    if is_own_class or is_misspelt or name.startswith("on_"):
        hint = f"; is {near[0]!r} meant?" if near else ""
        raise AttributeError(f"{type(server).__name__!r} object has no attribute {name!r}{hint}")


def discard(result: Any) -> None:
    """Closes a coroutine or generator that will not run, which avoids Python's warning."""
    if inspect.iscoroutine(result) or inspect.isgenerator(result):
        result.close()
