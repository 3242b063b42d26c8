"""`make bench`: runs our models and the peers in one go and prints the comparison.

A script, so that it needs nothing installed beyond the project: the comparison is in
`comparison.py`, and README.md says how to read it.
"""

import os
import sys
from pathlib import Path

# A script's own folder is first on the import path; the names in it are not meant to be imported
# bare (`measure`, `table`), so the checkout takes its place.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.comparison import main  # noqa: E402

BROKEN_PIPE = 141


def to_a_reader() -> int:
    """The comparison's exit code; 141 and no traceback where whoever read its tables has gone."""
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


if __name__ == "__main__":
    sys.exit(to_a_reader())
