"""Heartbeats and suspicion on the links that a model uses, by the own clock."""

import pytest

from ringrun.core.messages import Heartbeat, Trouble
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.slave.watch import Watch

A, B = SlaveId(0, 1), SlaveId(1, 1)
PEERS = (A, B)
BEAT, SUSPECT = 0.125, 0.5


def watch(up: set[NodeId] | None = None) -> Watch:
    """One that watches A and B since time 0."""
    made = Watch(heartbeat=BEAT, suspect=SUSPECT, now=0.0)
    made.view(PEERS, {A, B} if up is None else up, 0.0)
    return made


class Beats:
    """Asks a watch once a heartbeat, while what it is told happens."""

    def __init__(self, watched: Watch, *hears: SlaveId, waits_for: tuple[int, ...] = ()) -> None:
        self.watch = watched
        self.hears = hears
        self.waits_for = waits_for
        self.now = 0.0
        self.mark = (0, 0)

    def until(self, end: float, *, moving: bool = False) -> list[tuple[SlaveId, Trouble]]:
        """What is wrong at the last beat before `end`, and nothing before that."""
        found: list[tuple[SlaveId, Trouble]] = []
        while self.now + BEAT <= end:
            assert not found, f"already at {self.now}: {found}"
            self.now += BEAT
            for peer in self.hears:
                self.watch.heard(peer.ordinal, self.now)
            if moving:
                self.mark = (self.mark[0] + 1, self.mark[1])
            found = self.watch.troubles(self.mark, self.waits_for, self.now)
        return found


def test_who_is_heard_is_not_suspected() -> None:
    """However long the run."""
    assert Beats(watch(), A, B).until(20.0) == []


def test_silence_beyond_the_time_is_reported_and_not_before() -> None:
    """B says nothing; the first beat after half a second says so."""
    beats = Beats(watch(), A)
    assert beats.until(0.5) == []
    assert beats.until(0.625) == [(B, Trouble.SILENT)]


def test_a_reset_that_is_not_restored_is_reported() -> None:
    """Restored in time it is not, and then the silence begins anew."""
    beats = Beats(watch(), A)
    beats.watch.down(B, 0.0)
    assert beats.until(0.5) == []
    beats.watch.up(B, 0.5)
    assert beats.until(1.0) == []
    beats.watch.down(B, 1.0)
    beats.hears = (A, B)  # on another connection, say: the reset is what counts
    assert beats.until(1.5) == []
    assert beats.until(1.625) == [(B, Trouble.RESET)]


def test_repeated_resets_count_from_the_first() -> None:
    """Whoever flaps without ever being up again is down since then."""
    beats = Beats(watch(), A, B)
    for _ in range(4):
        beats.watch.down(B, beats.now)
        assert beats.until(beats.now + BEAT) == []
    assert beats.until(0.625) == [(B, Trouble.RESET)]


def test_a_link_that_never_came_up_is_a_reset() -> None:
    """At INSTALL it was not there."""
    assert Beats(watch({A}), A, B).until(0.625) == [(B, Trouble.RESET)]


def test_a_stranger_that_goes_down_is_nobodys_trouble() -> None:
    """Only members of the view are watched."""
    beats = Beats(watch(), A, B)
    beats.watch.down(SlaveId(7, 1), 0.0)
    beats.watch.down(SlaveId(1, 2), 0.0)
    assert beats.until(2.0) == []


def test_waiting_in_vain_is_reported_only_without_progress() -> None:
    """B is heard, but what is due from it does not come."""
    assert Beats(watch(), A, B, waits_for=(1,)).until(5.0, moving=True) == []
    beats = Beats(watch(), A, B, waits_for=(1,))
    assert beats.until(0.5) == []
    assert beats.until(0.625) == [(B, Trouble.WAITING)]


def test_a_stuck_ring_that_waits_for_nobody_accuses_nobody() -> None:
    """Parked, or everything approved: silence of data is no trouble."""
    assert Beats(watch(), A, B, waits_for=()).until(5.0) == []


def test_a_new_view_forgives() -> None:
    """Everyone has the whole time again."""
    beats = Beats(watch(), A)
    beats.until(0.5)
    beats.watch.view(PEERS, {A, B}, 0.5)
    assert beats.until(1.0) == []
    assert beats.until(1.125) == [(B, Trouble.SILENT)]


@pytest.mark.parametrize("away", [0.28125, 0.5625, 60.0])
def test_a_pause_of_oneself_accuses_nobody(away: float) -> None:
    """Stopped for longer than the others may be silent: what they sent is still unread."""
    watched = watch()
    beats = Beats(watched, A, B, waits_for=(0, 1))
    beats.until(0.375)
    watched.down(B, 0.375)
    now = 0.375 + away
    assert watched.troubles((0, 0), (0, 1), now) == []
    # And from there on it counts anew, for those who really are gone.
    beats.now = now
    beats.hears = (A,)
    assert beats.until(now + 0.5) == []
    assert (B, Trouble.RESET) in beats.until(now + 0.625)


def test_a_late_beat_does_not_hide_silence_for_ever() -> None:
    """Beats that come half as often as they should still find the dead."""
    watched = watch()
    found = []
    for beat in range(1, 20):
        watched.heard(0, beat * 0.25)
        found += watched.troubles((0, 0), (), beat * 0.25)
    assert (B, Trouble.SILENT) in found


def test_the_way_there_and_back_needs_only_the_own_clock() -> None:
    """The other's clock is a thousand seconds ahead, and it kept the beat for a while."""
    watched = watch()
    assert watched.slowest() == (-1, 0.0)
    first = watched.heartbeat_to(B, 10.0)
    assert (first.sent, first.echo) == (10.0, 0.0)
    watched.heartbeat_from(B, Heartbeat(sent=1010.5, echo=10.0, kept=0.25), 10.5)
    assert watched.slowest() == (1, 0.125)
    answer = watched.heartbeat_to(B, 10.75)
    assert (answer.echo, answer.kept) == (1010.5, 0.25)


def test_the_slowest_link_is_the_one_with_the_longest_mean() -> None:
    """One slow beat among fast ones is not enough; a tie names the lower ordinal."""
    watched = watch()
    for trip in (1.0, 0.0, 0.0, 0.0):
        watched.heartbeat_from(B, Heartbeat(sent=1.0, echo=10.0, kept=0.0), 10.0 + trip)
    watched.heartbeat_from(A, Heartbeat(sent=1.0, echo=10.0, kept=0.0), 10.5)
    assert watched.slowest() == (0, 0.25)
    watched.heartbeat_from(B, Heartbeat(sent=1.0, echo=10.0, kept=0.0), 11.5)
    assert watched.slowest() == (0, 0.25)


def test_a_clock_that_seems_to_go_back_measures_nothing_below_zero() -> None:
    """The other says that it kept the beat for longer than it was away."""
    watched = watch()
    watched.heartbeat_from(B, Heartbeat(sent=1.0, echo=10.0, kept=5.0), 11.0)
    assert watched.slowest() == (1, 0.0)
