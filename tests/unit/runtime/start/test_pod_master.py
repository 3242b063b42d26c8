"""A master in a pod, over an API server in memory: what it writes, and what it makes of a watch."""

import asyncio
import copy
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringrun.core.node import MasterId
from ringrun.core.orders import ORDERS_KEY
from ringrun.record.lease_object import read_record
from ringrun.record.store import StoreError
from ringrun.runtime.start import pod_master
from ringrun.runtime.start.pod_master import serve_by
from ringrun.spec import default_run

LEASES = "/apis/coordination.k8s.io/v1/namespaces/lab/leases"
MAPS = "/api/v1/namespaces/lab/configmaps"
LEASE, ORDERS, RESULT = f"{LEASES}/demo", f"{MAPS}/demo-orders", f"{MAPS}/demo-result"


OWNER = {"kind": "RingRun", "uid": "r-1", "controller": True}


class Server:
    """Objects by path. A watch brings an object, and then what `later` has for it, one by one."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {
            path: {"metadata": {"uid": f"u{path}", "resourceVersion": "1"}}
            for path in (LEASE, ORDERS, RESULT)
        }
        self.later: list[dict[str, Any] | Exception] = []
        self.broken: list[str] = []
        """How the first watches of the orders break before they bring anything."""
        self.watched: list[str] = []
        self.holders: list[str] = []
        self.led = asyncio.Event()

    async def get(self, path: str) -> dict[str, Any]:
        return copy.deepcopy(self.objects[path])

    async def put(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        version = int(self.objects[path]["metadata"]["resourceVersion"])
        assert document["metadata"]["resourceVersion"] == str(version)
        kept = copy.deepcopy(document)
        kept["metadata"]["resourceVersion"] = str(version + 1)
        self.objects[path] = kept
        if path == LEASE:
            self.holders.append(read_record(kept).holder)
            self.led.set()
        return copy.deepcopy(kept)

    async def watch(self, path: str, name: str) -> AsyncIterator[dict[str, Any]]:
        self.watched.append(f"{path}/{name}")
        if path == MAPS and self.broken:
            raise StoreError(self.broken.pop(0))
        yield await self.get(f"{path}/{name}")
        if path == MAPS:
            # Not before it leads: a standby that sees the run ended has nothing to do.
            await self.led.wait()
            while self.later:
                found = self.later.pop(0)
                if isinstance(found, Exception):
                    raise found
                yield found
        await asyncio.Event().wait()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """And the environment of a pod of run demo."""
    (tmp_path / "token").write_bytes(b"t" * 32)
    for name, value in {
        "RUN": "demo",
        "SPEC": json.dumps(default_run(name="demo").as_document()),
        "NAMESPACE": "lab",
        "LEASE": "demo",
        "LEASE_UID": f"u{LEASE}",
        "ORDERS": "demo-orders",
        "RESULT": "demo-result",
        "TOKEN_FILE": str(tmp_path / "token"),
        "JOURNAL": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"RINGRUN_{name}", value)
    return Server()


def orders(**said: Any) -> dict[str, Any]:
    return {"metadata": {}, "data": {ORDERS_KEY: json.dumps(said)}}


async def told_to_end(server: Server) -> None:
    """SIGTERM, once the master leads and all that the watch has for it has been seen."""
    await server.led.wait()
    while server.broken or server.later:  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0)
    signal.raise_signal(signal.SIGTERM)


def serve(server: Server) -> int:
    """Be master 1 until it is told to end."""

    async def scene() -> int:
        ending = asyncio.ensure_future(told_to_end(server))
        async with asyncio.timeout(20):
            code = await serve_by(server, MasterId(1, 2))
            await ending
            return code

    return asyncio.run(scene())


def test_a_pod_leads_by_its_lease_and_frees_it(server: Server, tmp_path: Path) -> None:
    """It follows that and its orders, nothing else; its journal is where it was told."""
    assert serve(server) == 0
    assert (server.holders[0], server.holders[-1]) == ("m1-2", "")
    assert sorted(server.watched) == [f"{MAPS}/demo-orders", LEASE]
    assert (tmp_path / "m1-2.journal").exists()


def test_orders_that_cannot_be_read_are_as_good_as_none(server: Server) -> None:
    """Nobody gave them: the master goes on by the last that it had."""
    server.later += [
        {"metadata": {}},
        {"metadata": {}, "data": {}},
        {"metadata": {}, "data": {ORDERS_KEY: "{"}},
        orders(version="two"),
    ]
    assert serve(server) == 0


def test_a_watch_that_breaks_is_begun_again_and_told_once(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it breaks for the same reason; once it has worked, a break is news again."""
    monkeypatch.setattr(pod_master, "RETRY", 0.0)
    server.broken = ["gone", "gone", "away"]
    server.later += [StoreError("away"), orders(version=1)]
    assert serve(server) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "watching" in line]
    assert [line.split(": ", 2)[1:] for line in lines] == [
        ["watching demo-orders", text] for text in ("gone", "away", "away")
    ]


def test_a_bug_in_a_watch_ends_the_master(server: Server) -> None:
    """It would lead by old orders for ever."""
    server.later.append(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        serve(server)


class Lost(Server):
    """Whoever waits for a leader has waited enough when the Lease was read twice."""

    reads = 0

    async def get(self, path: str) -> dict[str, Any]:
        self.reads += path == LEASE
        if self.reads == 2:
            self.led.set()
        return await super().get(path)


@pytest.mark.usefixtures("server")
def test_another_lease_of_the_name_makes_nobody_lead(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was deleted and made again: the record is lost, and is not begun anew."""
    monkeypatch.setenv("RINGRUN_LEASE_UID", "u-9")
    server = Lost()
    assert serve(server) == 0
    assert server.holders == []
    assert "the Lease has another uid" in capsys.readouterr().out


def test_orders_that_are_anothers_are_not_obeyed(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's own were deleted, and somebody made others under the name."""
    monkeypatch.setenv("RINGRUN_RUN_UID", "r-1")
    obeyed: list[int] = []
    monkeypatch.setattr(
        "ringrun.runtime.master.process.MasterProcess.orders",
        lambda self, orders: obeyed.append(orders.version),
    )
    own = {**orders(version=1), "metadata": {"ownerReferences": [OWNER]}}
    server.objects[RESULT]["metadata"]["ownerReferences"] = [OWNER]
    server.later += [own, {**orders(version=2), "kind": "ConfigMap", "metadata": {"name": "x"}}]
    assert serve(server) == 0
    assert obeyed == [1]
    assert "watching demo-orders: ConfigMap x is not this run's" in capsys.readouterr().out
