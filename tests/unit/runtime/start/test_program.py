"""What every node's program begins and ends with."""

import os
import signal
from collections.abc import Iterator

import pytest

from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.start.program import Options, be_node

SLAVE = ["slave", "--ordinal", "3", "--incarnation", "2"]
MASTER = ["master", "--number", "1", "--incarnation", "4", "--channel", "7"]


class Ended(Exception):  # noqa: N818 - the end of a process is no error
    """The process would be gone, with this code."""


@pytest.fixture(autouse=True)
def _of_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The end of the process is an exception; the signal is the tests' own again afterwards."""

    def leave(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", leave)
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def be(arguments: list[str], code: int = 0) -> list[tuple[object, dict[str, str]]]:
    """Who it was, and with which options; there is no way back from it but the end."""
    been: list[tuple[object, dict[str, str]]] = []

    def node(me: SlaveId | MasterId, options: Options) -> int:
        been.append((me, dict(options)))
        return code

    with pytest.raises(Ended, match=rf"^{code}$"):
        be_node(arguments, slave=node, master=node)
    return been


def test_a_node_is_who_its_arguments_say() -> None:
    """All options are handed on: what else is among them is for whoever started it."""
    assert be(SLAVE) == [(SlaveId(3, 2), {"--ordinal": "3", "--incarnation": "2"})]
    [(me, options)] = be(MASTER)
    assert (me, options["--channel"]) == (MasterId(1, 4), "7")


def test_its_end_is_the_end_of_the_process() -> None:
    """With its code; nothing is tidied up after it."""
    assert len(be(SLAVE, code=75)) == 1


def test_ctrl_c_is_for_the_supervisor() -> None:
    """It ends its nodes itself."""
    be(SLAVE)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], ValueError),
        (["slave"], KeyError),
        (SLAVE[:-1], ValueError),
        (["slave", "--number", "1", "--incarnation", "1"], KeyError),
        (["slave", "--ordinal", "one", "--incarnation", "1"], ValueError),
    ],
)
def test_other_arguments_are_a_bug_of_whoever_started_it(
    arguments: list[str], error: type[Exception]
) -> None:
    """No user says them: the traceback goes to the node's log."""
    with pytest.raises(error):
        be_node(arguments, slave=lambda me, options: 0, master=lambda me, options: 0)


def test_numpy_has_no_threads_of_its_own() -> None:
    """They would fight with the ring for CPUs; importing the program is enough."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        assert name in os.environ
