"""Which slaves were started by hand: who is listed, who is forgotten, which folder is trusted."""

import json
import os
from pathlib import Path

import pytest

from ringrun.local.hand.registry import (
    RegistryError,
    folder_of,
    open_folder,
    register,
    registered,
)
from ringrun.local.processes.began import process_began


def test_the_registry_forgets_who_is_gone(tmp_path: Path) -> None:
    """What a killed slave left behind, or wrote badly, is removed by whoever looks."""
    folder = open_folder(tmp_path / "ringrun")
    register(folder, "127.0.0.1", 10502)
    mine = folder / f"{os.getpid()}.slave"
    entry = json.loads(mine.read_text())
    stale = folder / "1.slave"
    stale.write_text(json.dumps(entry | {"began": entry["began"] + 1}))
    (folder / "2.slave").write_text("{")
    [found] = registered(folder)
    assert (found.host, found.port, found.pid) == ("127.0.0.1", 10502, os.getpid())
    assert [path.name for path in folder.iterdir()] == [mine.name]


def test_a_process_that_is_none_never_began() -> None:
    """A pid beyond the kernel's range names nobody; the own one does."""
    assert process_began(1 << 30) == 0
    assert process_began(os.getpid()) > 0


def test_a_registry_that_others_can_write_is_refused(tmp_path: Path) -> None:
    """Not the user's alone: one line with what to do."""
    folder = tmp_path / "ringrun"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(RegistryError, match="chmod 700"):
        open_folder(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(RegistryError, match="remove it"):
        open_folder(link)


def test_the_registry_is_in_a_folder_of_the_user(tmp_path: Path) -> None:
    """XDG_RUNTIME_DIR, else the home's cache, else a folder with the user's number."""
    assert folder_of({"XDG_RUNTIME_DIR": str(tmp_path)}) == tmp_path / "ringrun"
    assert folder_of({"HOME": str(tmp_path)}) == tmp_path / ".cache" / "ringrun"
    assert folder_of({}).name == f"ringrun-{os.getuid()}"
