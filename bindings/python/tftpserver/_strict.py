"""What keeps mistakes from passing silently: misspelt attributes, copies of servers, coroutines that nothing awaits."""
import difflib
import inspect
from typing import Any, NoReturn


class Strict:
    """Base of the servers: a name that does not exist cannot be set, and a server can be neither copied nor pickled.

    A subclass may have attributes of its own, unless their names begin with "on_" or nearly are a known one.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name) and name not in self.__dict__:
            known = [known for known in dir(type(self)) if not known.startswith("_")]
            near = difflib.get_close_matches(name, known, 1, 0.85)
            is_own_class = type(self).__module__.partition(".")[0] == __name__.partition(".")[0]
            if is_own_class or near or name.startswith("on_"):
                hint = f"; is {near[0]!r} meant?" if near else ""
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")
        object.__setattr__(self, name, value)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} can be neither copied nor pickled: its threads and sockets are one process's")


def discard(result: Any) -> None:
    """Ends a coroutine or generator that will not be run, without a warning."""
    if inspect.iscoroutine(result) or inspect.isgenerator(result):
        result.close()
