"""`make bench`: runs our models and the peers in one go and prints the comparison.

A script, so that it needs nothing installed beyond the project: the comparison is in
`comparison.py`, and README.md says how to read it.
"""

import sys
from pathlib import Path

# A script's own folder is first on the import path; the names in it are not meant to be imported
# bare (`measure`, `table`), so the checkout takes its place.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.comparison import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
