"""`python -m ringrun`: the same as the console script `ringrun`."""

import sys

from ringrun.cli import main

if __name__ == "__main__":
    sys.exit(main())
