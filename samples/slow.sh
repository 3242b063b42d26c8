#!/usr/bin/env bash
# One slow node: slave 2 stands still for 20 ms of every 40, and the report says where it hurts.
# Takes the ringrun of its own checkout, else the one in PATH; arguments are those of `ringrun run`.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$here/.venv/bin:$PATH
command -v ringrun >/dev/null || { echo "samples/slow.sh: ringrun is not installed yet: make install" >&2; exit 1; }

report=$(mktemp)
trap 'kill "$run" 2>/dev/null; rm -f "$report"' EXIT
ringrun run --send 3s --output json "$@" >"$report" &
run=$!
until pkill -STOP -P "$run" -x s2-1; do kill -0 "$run" || exit; sleep 0.05; done
while pkill -CONT -P "$run" -x s2-1; do
  sleep 0.02
  pkill -STOP -P "$run" -x s2-1
  sleep 0.02
done
wait "$run"
code=$?
python3 - "$report" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
link = report["slowestLink"]
print(f"{report['verdict']}, {report['rate']:,.0f}/s, p99 {1000 * report['latency']['p99']:.2f} ms, slowest link "
      f"{link['from']} -> {link['to']}: {1000 * link['seconds']:.2f} ms")
PYTHON
exit "$code"
