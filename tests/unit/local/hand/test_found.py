"""What a master by hand makes of a slave that it dialled in vain."""

import os

import pytest

from ringrun.core.node import SlaveId
from ringrun.local.hand.found import Found
from ringrun.local.hand.registry import Registered
from ringrun.local.processes.began import process_began
from ringrun.runtime.master.process import FailedDial
from ringrun.runtime.wire.handshake import Trouble


def found(trouble: Trouble | None, *, reached: bool, entry: Registered | None = None) -> Found:
    failed = None
    if trouble is not None:
        # What it says must not matter: it is for people.
        failed = FailedDial(node=SlaveId(0, 1), trouble=trouble, text="refused: another process")
    return Found(host="h", port=7, entry=entry, reached=reached, failed=failed)


@pytest.mark.parametrize("trouble", [None, *Trouble])
def test_a_slave_that_was_reached_has_ended_if_who_is_there_is_another(
    trouble: Trouble | None,
) -> None:
    """One that only does not answer may come back."""
    ended = trouble in {Trouble.REFUSED, Trouble.ANOTHER_PROCESS}
    assert found(trouble, reached=True).ended is ended
    assert not found(trouble, reached=True).foreign
    assert found(trouble, reached=True).followed is (trouble is Trouble.ANOTHER_PROCESS)


@pytest.mark.parametrize("trouble", [None, *Trouble])
def test_a_slave_that_was_never_reached_is_foreign_if_time_does_not_mend_it(
    trouble: Trouble | None,
) -> None:
    """Another run's, or one with another token; it has not ended, as it never was ours."""
    foreign = trouble in {Trouble.REFUSED, Trouble.ANOTHER_TOKEN}
    assert found(trouble, reached=False).foreign is foreign
    assert not found(trouble, reached=False).ended


def test_of_a_slave_of_this_machine_its_process_tells() -> None:
    """Whatever its connections do."""
    me = Registered(port=7, host="h", pid=os.getpid(), began=process_began(os.getpid()))
    gone = Registered(port=7, host="h", pid=os.getpid(), began=1)
    assert not found(Trouble.REFUSED, reached=True, entry=me).ended
    assert found(None, reached=True, entry=gone).ended


def test_what_was_wrong_is_forgotten_when_a_link_is_up() -> None:
    """And until then it is told in the words of who refused."""
    slave = found(Trouble.REFUSED, reached=False)
    assert slave.trouble == "refused: another process"
    slave.reach()
    assert (slave.trouble, slave.reached, slave.ended) == ("", True, False)
