#!/usr/bin/env bash
# The experiment's own five lines: four slaves and a master, by hand (docs/by-hand.md).
# Takes the ringrun of its own checkout, else the one in PATH. What it started ends with it.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$here/.venv/bin:$PATH
command -v ringrun >/dev/null || { echo "samples/run.sh: ringrun is not installed yet: make install" >&2; exit 1; }

# The master first, which ends the run in order; slaves that are still there have no master to tell them.
# Ctrl-C has reached all of them already, and a second signal would not wait for that order.
master='' told=''
end() {
  if [ -n "$master" ]; then
    [ -n "$told" ] || kill "$master" 2>/dev/null
    wait "$master"
  fi
  kill $(jobs -p) 2>/dev/null
  wait
}
trap end EXIT
trap 'told=all; exit 130' INT
trap 'exit 143' TERM HUP

ringrun slave 127.0.0.1 10502 &
ringrun slave 127.0.0.1 10503 &
ringrun slave 127.0.0.1 10504 &
ringrun slave 127.0.0.1 10505 &
sleep 1
ringrun master 127.0.0.1 10501 2000000 1000000 0 & # 2 s SEND, 1 s GRACE, seed 0
master=$!
wait "$master"
