"""The operator under kopf: its thread begins, is told, and ends (desk)."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import pytest
from controller_at_work import ring_run
from made_kubeconfig import kubeconfig

from ringrun.record.api import NoCluster
from ringrun_operator.desk import Desk

LONGEST = 30.0
"""Seconds after which what is waited for is taken never to come."""


@pytest.fixture
def requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue[str]]:
    """What the cluster of the user's kubeconfig is asked; it refuses everything."""
    asked: Queue[str] = Queue()

    class Refusing(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.put(f"{self.command} {self.path}")
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    host = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path, host))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def controllers() -> int:
    """How many threads of desks there are."""
    return sum(thread.name == "controller" for thread in threading.enumerate())


def test_what_is_handed_on_is_acted_upon(requests: Queue[str]) -> None:
    """On the cluster of the user's kubeconfig; what was only listed is not looked at."""
    desk = Desk()
    desk.start()
    try:
        assert controllers() == 1
        listed, changed = ({**ring_run(name)} for name in ("one", "other"))
        for each in (listed, changed):
            each["metadata"]["uid"] = "u-1"
        desk.listed("RingRun", listed)
        desk.changed("RingRun", changed, False)
        assert requests.get(timeout=LONGEST).startswith("POST /api")
    finally:
        desk.stop()
    assert controllers() == 0


def test_a_desk_that_nobody_told_anything_ends_as_well(requests: Queue[str]) -> None:
    desk = Desk()
    desk.start()
    desk.stop()
    assert controllers() == 0
    assert requests.empty()


def test_one_that_never_began_has_nothing_to_end() -> None:
    Desk().stop()
    assert controllers() == 0


def test_without_a_cluster_nobody_waits_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread says why it ended; to stop it then is no error."""
    failures: list[type[BaseException]] = []
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(threading, "excepthook", lambda failure: failures.append(failure.exc_type))
    desk = Desk()
    desk.start()
    desk.stop()
    assert failures == [NoCluster]
    assert controllers() == 0
