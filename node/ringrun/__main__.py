"""`ringrun` and `python -m ringrun`: the program, also while it is still being loaded."""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

_WORDS = b"ringrun: interrupted\n"
_INTERRUPTED = 130


def main() -> int:
    """Run the command line; its exit code. An interrupt before there is one is no traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # An exception would come up anywhere in an import, also where Python can only print it, or
        # in the middle of a C module. What has something to tell at its end has its own handler.
        signal.signal(signal.SIGINT, _end)
    from ringrun.cli import main as run

    return run()


def _end(*_: object) -> NoReturn:
    # stderr may be closed, and then there are no words.
    with suppress(OSError):
        os.write(2, _WORDS)
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
