"""Conversion of text and paths to UTF-8 for the library."""
import os
from typing import Union

StrPath = Union[str, "os.PathLike[str]"]


def to_bytes(value: StrPath) -> bytes:
    """Encodes text or a path as UTF-8. Lone surrogates stay invalid, and the library refuses them
    with error 905."""
    text = os.fspath(value)
    if not isinstance(text, str):
        raise TypeError(f"text or a path is needed, not {type(value).__name__}")
    return text.encode("utf-8", "surrogatepass")
