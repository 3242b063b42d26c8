"""A master under a supervisor: its channel, and the record in the run's folder."""

import signal
import socket
from pathlib import Path

from started import PATIENCE, child

from ringrun.record.file import FileRecordStore

MASTER = ("master", "--number", "1", "--incarnation", "2")


def test_a_master_leads_by_the_record_in_its_folder_and_frees_it(tmp_path: Path) -> None:
    """What happens goes to the supervisor; one that was told to end does not say it is done."""
    with child(*MASTER, folder=tmp_path, journal=str(tmp_path)) as master:
        assert master.hear("event")["kind"] == "LeaderElected"
        store = FileRecordStore(tmp_path / "record")
        assert store.read().holder == "m1-2"
        master.process.send_signal(signal.SIGTERM)
        assert master.process.wait(PATIENCE) == 0
        assert store.read().holder == ""
        assert (tmp_path / "m1-2.journal").exists()
        try:
            master.hear("done")
        except EOFError:
            pass
        else:
            raise AssertionError("it said that it was done")


def test_orders_reach_the_master_also_with_its_first_line(tmp_path: Path) -> None:
    """It dials who is on the roster."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        child(*MASTER, folder=tmp_path) as master,
    ):
        listener.settimeout(PATIENCE)
        host, port = listener.getsockname()
        member = {"ordinal": 0, "incarnation": 1, "host": host, "port": port}
        master.say({"orders": {"version": 1, "roster": [member]}})
        listener.accept()[0].close()


def test_a_master_ends_with_its_supervisor(tmp_path: Path) -> None:
    with child(*MASTER, folder=tmp_path) as master:
        master.hear("event")
        master.hang_up()
        assert master.process.wait(PATIENCE) == 1
