#!/usr/bin/env bash
# One slow node: a run as it is, and one whose slave 2 gets 20 ms of every 100, as under a CPU limit of 200m in a
# cluster. The reports say where it hurts.
# Takes the ringrun of its own checkout, else the one in PATH; arguments go on to both runs.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=$here/.venv/bin:$PATH
command -v ringrun >/dev/null || { echo "samples/slow.sh: ringrun is not installed yet: make install" >&2; exit 1; }

report=$(mktemp) run=''
trap '[ -z "$run" ] || kill "$run" 2>/dev/null; rm -f "$report"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# told WORDS: the figures of the report, behind these words.
told() {
  python3 - "$report" "$1" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
link, gap = report["slowestLink"], report["longestGap"]
print(f"{sys.argv[2]:<8}  {report['rate']:,.0f}/s, p99 {1e3 * report['latency']['p99']:.2f} ms, "
      f"longest gap {1e3 * gap:.1f} ms, slowest link {link['from']} -> {link['to']}: {1e3 * link['seconds']:.2f} ms")
PYTHON
}

ringrun run --send 2s --grace 200ms --output json "$@" >"$report" || exit
told "as it is"

ringrun run --send 3s --grace 200ms --output json "$@" >"$report" &
run=$!
until pkill -STOP -P "$run" -x s2-1; do kill -0 "$run" 2>/dev/null || break; sleep 0.05; done
while sleep 0.08 && pkill -CONT -P "$run" -x s2-1; do
  sleep 0.02
  pkill -STOP -P "$run" -x s2-1
done
wait "$run"
code=$? run=''
[ "$code" = 0 ] || exit "$code"
told "slowed"
