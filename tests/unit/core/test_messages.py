"""The control messages as a whole: none is forgotten, none is taken for another (core.messages)."""

import inspect
from typing import get_args

import msgspec
import pytest
from made_results import result

from ringrun.core import messages
from ringrun.core.messages import (
    Close,
    Command,
    Control,
    Install,
    Kick,
    Meet,
    Stored,
    Sync,
    Wedge,
)
from ringrun.core.node import SlaveId
from ringrun.core.record import Record

KINDS = get_args(Control)


def test_every_message_with_a_name_of_its_own_is_a_control_message() -> None:
    """What is not among them no peer could read; a command in general is nobody's message."""
    tagged = {
        found
        for _, found in inspect.getmembers(messages, inspect.isclass)
        if issubclass(found, msgspec.Struct)
        and found.__module__ == messages.__name__
        and found.__struct_config__.tag is not None
    }
    assert tagged - {Command} == set(KINDS)


def test_every_message_is_read_as_what_it_was() -> None:
    """All of them have another name on the wire."""
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS)
    wedge = Wedge(epoch=3, holder="m0-1", attempt=1, record=Record(), elapsed=0.5)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(wedge), type=Control) == wedge


@pytest.mark.parametrize("kind", [Meet, Wedge, Sync, Install, Kick, Close, Stored])
def test_a_command_without_its_epoch_or_its_holder_is_none(kind: type[Command]) -> None:
    """Or a leader that was replaced could still give it (G7)."""
    assert issubclass(kind, Command)
    required = {each.name for each in msgspec.structs.fields(kind) if each.required}
    assert {"epoch", "holder"} <= required


def test_a_result_is_of_one_incarnation() -> None:
    assert result(2, "ab", incarnation=3).node == SlaveId(2, 3)
