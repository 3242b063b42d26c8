"""The version where it is written, and the changelog as a release needs it (RELEASING.md).

`make cut`, `make chart` and the release workflow call it. The one place of the version is
`node/ringrun/__init__.py`; what else shows it is written from there. Builds and publishes nothing.

    release.py version         print it
    release.py stamp           write it into chart and manifests
    release.py cut X.Y.Z DATE  make it the version, and what is unreleased its section
    release.py notes X.Y.Z     print that section
    release.py check TAG       whether this tree is what the tag says
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = "node/ringrun/__init__.py"
CHANGELOG = "CHANGELOG.md"
UNRELEASED = "## Unreleased\n"

COPIES = {
    "charts/ringrun/Chart.yaml": (r"(?m)^((?:appV|v)ersion: )(\S+)$", r"(ringrun/ringrun:)(\S+)"),
    "deploy/operator.yaml": (r"(ringrun/ringrun:)(\S+)",),
}
"""Files that show the version, and where in them: what comes before it, and it."""


class ReleaseError(Exception):
    """The tree or the arguments are not those of a release; the text says why."""


def version(root: Path) -> str:
    """The version of the tree."""
    found = re.findall(r'(?m)^__version__ = "(.*)"$', (root / SOURCE).read_text())
    if len(found) != 1:
        raise ReleaseError(f"{SOURCE} must have one __version__, got {len(found)}")
    return str(found[0])


def shown(root: Path) -> dict[str, set[str]]:
    """What each of the copies says that the version is."""
    return {
        name: {each for place in places for _, each in re.findall(place, (root / name).read_text())}
        for name, places in COPIES.items()
    }


def stamp(root: Path) -> None:
    """Write the version wherever else it is shown."""
    for name, places in COPIES.items():
        text = (root / name).read_text()
        for place in places:
            text = re.sub(place, rf"\g<1>{version(root)}", text)
        (root / name).write_text(text)


def notes(root: Path, of: str) -> str:
    """The changelog's section of a version, without its heading."""
    page = (root / CHANGELOG).read_text()
    found = re.search(rf"(?ms)^## {re.escape(of)} .*?\n(.*?)(?=^## |\Z)", page)
    if found is None or not found[1].strip():
        raise ReleaseError(f"{CHANGELOG} has nothing under {of}")
    return found[1].strip() + "\n"


def cut(root: Path, new: str, date: str) -> None:
    """Make `new` the version, and what is unreleased its section, dated."""
    # A chart wants SemVer and a wheel PEP 440; they agree on this and on nothing with a suffix.
    if not re.fullmatch(r"\d+\.\d+\.\d+", new):
        raise ReleaseError(f"a version must be X.Y.Z, got {new}")
    page = (root / CHANGELOG).read_text()
    before, found, after = page.partition(UNRELEASED)
    if not found:
        raise ReleaseError(f"{CHANGELOG} has no line {UNRELEASED.strip()}")
    if not after.partition("\n## ")[0].strip():
        raise ReleaseError(f"{CHANGELOG} has nothing unreleased")
    (root / CHANGELOG).write_text(f"{before}{UNRELEASED}\n## {new} ({date})\n{after}")
    source = root / SOURCE
    source.write_text(source.read_text().replace(f'"{version(root)}"', f'"{new}"'))
    stamp(root)


def check(root: Path, tag: str) -> None:
    """Raise ReleaseError unless tag, version, its copies and the changelog are at one."""
    now = version(root)
    if tag != f"v{now}":
        raise ReleaseError(f"the tag must be v{now}, got {tag}")
    for name, found in shown(root).items():
        if found != {now}:
            raise ReleaseError(f"{name} must say {now}, got {', '.join(sorted(found))}: make chart")
    notes(root, now)


def main(arguments: list[str]) -> int:
    """0, or 1 with a line on stderr."""
    try:
        match arguments:
            case ["version"]:
                print(version(ROOT))
            case ["stamp"]:
                stamp(ROOT)
            case ["cut", new, date]:
                cut(ROOT, new, date)
            case ["notes", of]:
                print(notes(ROOT, of), end="")
            case ["check", tag]:
                check(ROOT, tag)
            case _:
                raise ReleaseError(
                    "release.py version | stamp | cut X.Y.Z DATE | notes X.Y.Z | check TAG"
                )
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
