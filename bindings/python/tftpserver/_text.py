"""Text and paths on their way to the library, which takes UTF-8."""
import os
from typing import Union

StrPath = Union[str, "os.PathLike[str]"]


def to_bytes(value: StrPath) -> bytes:
    """What is not UTF-8 (a file name with lone surrogates) stays so: the library then says 905."""
    text = os.fspath(value)
    if not isinstance(text, str):
        raise TypeError(f"text or a path is needed, not {type(value).__name__}")
    return text.encode("utf-8", "surrogatepass")
