#!/usr/bin/env bash
# The experiment's own five lines: four slaves and a master, by hand. From a checkout:
#   make install && PATH="$PWD/.venv/bin:$PATH" samples/run.sh
ringrun slave 127.0.0.1 10502 &
ringrun slave 127.0.0.1 10503 &
ringrun slave 127.0.0.1 10504 &
ringrun slave 127.0.0.1 10505 &
sleep 1
ringrun master 127.0.0.1 10501 2000000 1000000 0
# (2 s SEND, 1 s GRACE, seed 0)
code=$?
wait
exit "$code"
