import sys
from ipworks import *

first = TFTPServer()
second = TFTPServer()
try:
    first.local_host = "127.0.0.1"
    second.local_host = "127.0.0.1"
    first.local_port = int(sys.argv[2])
    first.start_listening()
    second.local_port = first.local_port
    second.start_listening()
except IPWorksError as e:
    print("%d|%s" % (e.code, e.message))
try:
    first.local_port = 6970
except IPWorksError as e:
    print("%d|%s" % (e.code, e.message))
try:
    first.config("NoSuchSetting=1")
except IPWorksError as e:
    print("%d|%s" % (e.code, e.message))
try:
    first.get_conn_filename(5)
except IPWorksError as e:
    print("%d|%s" % (e.code, e.message))
first.stop_listening()
