"""`ringrun` and `python -m ringrun`: the program, also while it is still being loaded."""

import sys


def main() -> int:
    """Run the command line; its exit code. An interrupt before there is one is no traceback."""
    try:
        from ringrun.cli import main as run
    except KeyboardInterrupt:
        # stderr may be closed, and then there is none.
        print("ringrun: interrupted", file=sys.stderr or sys.stdout)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
