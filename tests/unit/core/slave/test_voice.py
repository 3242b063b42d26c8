"""Whom a slave obeys, and what it says and notes of it."""

import pytest
from lone import install, sync, wedge

from ringrun.core.messages import Refused
from ringrun.core.node import MasterId
from ringrun.core.notes import Note
from ringrun.core.outputs import Drop, Output, Send
from ringrun.core.slave.voice import Voice

M0, M1 = MasterId(0, 1), MasterId(1, 1)


@pytest.mark.parametrize(
    ("src", "epoch", "obeyed"),
    [(M0, 2, True), (M1, 2, False), (M0, 1, False), (M1, 3, True), (M0, 3, True)],
    ids=["again", "a second holder", "a lower epoch", "a higher one", "its own next one"],
)
def test_the_highest_epoch_is_obeyed_and_in_it_who_came_first(
    src: MasterId, epoch: int, *, obeyed: bool
) -> None:
    """G7; whoever is not obeyed changes nothing."""
    voice = Voice([], None)
    assert voice.obeys(M0, sync(2), 0)
    assert voice.obeys(src, sync(epoch, str(src)), 0) is obeyed
    assert (voice.epoch, voice.leader) == ((epoch, src) if obeyed else (2, M0))


def test_a_command_that_is_repeated_is_noted_once() -> None:
    """Another one, another leader or another view is news."""
    journal: list[tuple[object, ...]] = []
    voice = Voice([], journal)
    for _ in range(3):
        voice.obeys(M0, sync(), 0)
    for _ in range(3):
        voice.obeys(M0, install(), 0)
    voice.obeys(M0, install(), 1)
    voice.obeys(M1, install(1, str(M1)), 1)
    said = [(note[1]["command"], note[1]["view"], note[1]["obeyed"]) for note in journal]  # type: ignore[index]
    assert said == [
        ("sync", 0, True),
        ("install", 0, True),
        ("install", 1, True),
        ("install", 1, False),
    ]


def test_who_is_refused_is_told_of_the_leader_and_dropped() -> None:
    """In this order: a closed connection says nothing."""
    outputs: list[Output] = []
    voice = Voice(outputs, None)
    voice.obeys(M1, sync(4, str(M1)), 0)
    voice.refuse(M0, wedge(3))
    assert outputs == [
        Send(M0, Refused(epoch=4, holder="m1-1")),
        Drop(M0, "wedge of epoch 3, but m1-1 leads in 4"),
    ]


def test_a_note_is_a_row_or_a_document() -> None:
    """And without a journal it is nothing."""
    journal: list[tuple[object, ...]] = []
    Voice([], journal).note(Note.APPROVED, 1, 5, 0)
    Voice([], journal).note(Note.WEDGED, view=1)
    Voice([], None).note(Note.WEDGED, view=1)
    assert journal == [(Note.APPROVED, 1, 5, 0), (Note.WEDGED, {"view": 1})]
