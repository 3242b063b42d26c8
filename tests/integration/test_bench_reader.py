"""`make bench` whose reader has gone: `make bench ARGS=--list | head -1`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    """141, as of `ringrun`, and nothing on stderr; the pipe is closed before the first line."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, str(ROOT / "bench" / "run.py"), "--list"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, "")
