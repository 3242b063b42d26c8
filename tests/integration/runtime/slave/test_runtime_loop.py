"""The slave's loop around a real core, in this process: how it ends, and how it gets a name."""

import io
import os
import select
import signal
import threading
from collections.abc import Iterator

import pytest
from commanding import RUN, TOKEN, Line

from ringrun.core.node import SlaveId
from ringrun.core.record import Member
from ringrun.core.slave.slave import Slave
from ringrun.runtime.links.admission import Name
from ringrun.runtime.links.connections import Connections
from ringrun.runtime.links.listening import listen
from ringrun.runtime.log import Log
from ringrun.runtime.slave.loop import SlaveLoop
from ringrun.runtime.slave.naming import first_name
from ringrun.runtime.slave.outlet import Outlet
from ringrun.runtime.slave.waking import Waking


class Process:
    """What `run_slave` puts together, without journal and result."""

    def __init__(self) -> None:
        self.log = Log("test", stream=io.StringIO())
        self.listener = listen("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        self.poll = select.epoll()
        self.waking = Waking(self.poll, None)

    def connections(self, name: Name | None) -> Connections:
        return Connections(
            poll=self.poll, listener=self.listener, name=name, token=TOKEN, log=self.log
        )

    def run(self, connections: Connections) -> int | Name:
        """Be who the connections say, with a core of its own."""
        assert connections.name is not None
        core = Slave(node=connections.name.node, now=0.0)
        outlet = Outlet(core, connections, journal=None, log=self.log, keep=lambda result: result)
        loop = SlaveLoop(core=core, connections=connections, outlet=outlet, waking=self.waking)
        return loop.run()

    def member(self, ordinal: int) -> Member:
        return Member(ordinal=ordinal, incarnation=1, host="127.0.0.1", port=self.port)


@pytest.fixture
def process() -> Iterator[Process]:
    """One process; its signals are the tests' own again afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    made = Process()
    yield made
    made.waking.close()
    signal.signal(signal.SIGTERM, before)
    made.listener.close()
    made.poll.close()


def test_a_slave_that_no_master_ever_named_ends_when_told_to(process: Process) -> None:
    """There is no core that could be asked."""
    os.kill(os.getpid(), signal.SIGTERM)
    assert first_name(process.connections(None), process.waking) is None


def test_a_slave_without_a_view_leaves_when_told_to(process: Process) -> None:
    """Its core says Exit, and with it the loop ends."""
    os.kill(os.getpid(), signal.SIGTERM)
    ended = process.run(process.connections(Name(run=RUN, node=SlaveId(0, 1))))
    assert isinstance(ended, int)


def test_by_hand_another_master_may_give_another_name(process: Process) -> None:
    """As long as the run never began, and its master left; the loop of the old name ends."""

    def masters() -> None:
        for ordinal in (1, 2):
            line = Line(process.member(ordinal))
            line.sock.close()

    calling = threading.Thread(target=masters)
    connections = process.connections(None)
    calling.start()
    assert first_name(connections, process.waking) == Name(run=RUN, node=SlaveId(1, 1))
    assert process.run(connections) == Name(run=RUN, node=SlaveId(2, 1))
    calling.join(10)
    for link in list(connections.by_fd.values()):
        connections.close(link, "", 0.0)
