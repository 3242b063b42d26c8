"""A child that keeps to the channel of `ringrun.local` and does nothing else; started by tests.

Modes: `idle` waits for its supervisor's death, `deaf` does too and ignores SIGTERM, `frozen` never
reads, `broken` says why and fails, `echo` gives back each line it gets as an event.
"""

import json
import os
import signal
import socket
import sys
import time

mode, *arguments = sys.argv[1:]
channel = socket.socket(fileno=int(arguments[arguments.index("--channel") + 1]))
if mode == "broken":
    print("the first line")
    print("nothing works here")
    sys.exit(3)
if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
channel.sendall(b'{"listening":["127.0.0.1",7]}\n')
if mode == "frozen":
    time.sleep(60)
with channel.makefile("rb") as lines:
    for line in lines:
        if mode == "echo":
            channel.sendall(json.dumps({"got": json.loads(line)}).encode() + b"\n")
os._exit(0)
