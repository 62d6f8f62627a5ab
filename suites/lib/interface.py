"""The C interface for ctypes: the numbers, structures and prototypes that bindings/python has from
the header."""
import ctypes
import importlib.util
import os

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _made():
    """Loads that module alone, because its package would look for a library of its own."""
    path = os.path.join(SOURCE, "bindings", "python", "tftpserver", "_generated.py")
    spec = importlib.util.spec_from_file_location("tftpserver_generated", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_module = _made()
Callback, Event, EventId, PropertyId = _module.Callback, _module.Event, _module.EventId, _module.PropertyId


def load(path):
    library = ctypes.CDLL(path)
    for name, (result, arguments) in _module.FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
