"""Contains ipworks.py, for programs that begin with `from ipworks import *`. Put this directory on PYTHONPATH:

    PYTHONPATH=$(python -c "import tftpserver.compat as c; print(*c.__path__)") python program.py
"""
