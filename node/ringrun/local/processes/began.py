"""When a process began: what tells its number from the same number used again later.

Used by whoever leaves a process's number in a file: the registry of slaves by hand, the mark of a
run's folder.
"""

from pathlib import Path


def process_began(pid: int) -> int:
    """When this process began, in ticks since the machine's boot; 0 if there is none."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    # The name, in parentheses, may hold anything; what follows are plain fields.
    fields = line.rpartition(")")[2].split()
    # A zombie has ended, whoever has yet to wait for it.
    return 0 if fields[0] in "ZX" else int(fields[19])
