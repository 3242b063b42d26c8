"""Around every command: what it raises becomes one line a fault and an exit code.

Called by `ringrun.cli`. stdout and stderr are `streams`'s meanwhile, so that what cannot be said
costs a command neither its verdict nor its exit code.
"""

import sys
from collections.abc import Callable

from ringrun.exit_codes import ExitCode
from ringrun.spec import SpecError
from ringrun.streams import ReaderGoneError, kept
from ringrun.usage import UsageError
from ringrun.wording import unnumbered


def guarded(call: Callable[[], int], *, debug: bool) -> int:
    """What `call` gives, or the exit code of what it raised, said in one line a fault."""
    with kept():
        return _code_of(call, debug=debug)


def _code_of(call: Callable[[], int], *, debug: bool) -> int:
    try:
        return call()
    except SystemExit as exit_:  # argparse after --help and --version
        return int(exit_.code or 0)
    except SpecError as error:
        print(*error.faults, sep="\n", file=sys.stderr)
        return ExitCode.WRONG_INPUT
    except UsageError as error:
        print(error, file=sys.stderr)
        return ExitCode.WRONG_INPUT
    except KeyboardInterrupt:
        # What can be interrupted with something to tell has told it, and raises nothing.
        print("ringrun: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except ReaderGoneError:
        return ExitCode.BROKEN_PIPE
    except Exception as error:
        if debug:
            raise
        text = unnumbered(" ".join(f"{type(error).__name__}: {error}".split()))
        print(f"ringrun: internal error: {text} (--debug shows where)", file=sys.stderr)
        return ExitCode.INTERNAL_ERROR
