"""Who is alive and who gets on: heartbeats and suspicion on the links that a model uses.

The slave asks once a heartbeat. Slaves only report; the leader decides.
"""

from collections.abc import Collection

from ringrun.core.messages import Heartbeat, Trouble
from ringrun.core.node import NodeId, SlaveId
from ringrun.core.record import Plan

# One heartbeat in so many carries times.
_MEASURED = 8


# What a hop of a healthy ring may take, on a machine that has better things to do: so long, and
# so many bytes of entries a second.
_HOP_SECONDS = 0.002
_HOP_BYTES = 200e6


class Watch:
    """What one slave has heard of the others in its view. Times in seconds of the own clock."""

    __slots__ = (
        "_beats",
        "_down",
        "_echo",
        "_heard",
        "_last_beat",
        "_mark",
        "_mark_since",
        "_rounds",
        "heartbeat",
        "patience",
        "peers",
        "suspect",
    )

    def __init__(self, *, heartbeat: float = 0.1, suspect: float = 0.5, now: float) -> None:
        self.peers: tuple[SlaveId, ...] = ()
        self._begin(heartbeat, suspect, suspect, now)

    def begin(self, plan: Plan, now: float) -> None:
        """Forget all, and watch by this plan from now on. A circle takes its time, and every slave
        may wait for a frame before it issues."""
        hop = plan.tick + _HOP_SECONDS + plan.nodes * plan.burst * 8 / _HOP_BYTES
        self._begin(plan.heartbeat, plan.suspect, plan.suspect + plan.nodes * hop, now)

    def _begin(self, heartbeat: float, suspect: float, patience: float, now: float) -> None:
        self.heartbeat = heartbeat
        self.suspect = suspect
        self.patience = patience
        self._beats = 0
        self._heard: dict[int, float] = {}
        self._down: dict[SlaveId, float] = {}
        self._echo: dict[SlaveId, tuple[float, float]] = {}
        self._rounds: dict[SlaveId, tuple[int, float]] = {}
        self._mark: tuple[int, int] = (0, 0)
        self._mark_since = now
        self._last_beat = now

    def view(self, peers: tuple[SlaveId, ...], up: Collection[NodeId], now: float) -> None:
        """Watch these from now on."""
        self.peers = peers
        self._heard = {peer.ordinal: now for peer in peers}
        self._down = {peer: now for peer in peers if peer not in up}
        self._mark_since = now

    def heard(self, ordinal: int, now: float) -> None:
        """Something came from this ordinal."""
        self._heard[ordinal] = now

    def up(self, peer: SlaveId, now: float) -> None:
        """The link is there again."""
        self._down.pop(peer, None)
        self._heard[peer.ordinal] = now

    def down(self, peer: SlaveId, now: float) -> None:
        """The link was reset."""
        if peer in self.peers:
            self._down.setdefault(peer, now)

    def heartbeat_from(self, peer: SlaveId, message: Heartbeat, now: float) -> None:
        """Learn the way there and back from what the other echoes."""
        if not message.sent:
            return
        self._echo[peer] = (message.sent, now)
        if message.echo:
            trip = now - message.echo - message.kept
            count, total = self._rounds.get(peer, (0, 0.0))
            self._rounds[peer] = (count + 1, total + max(trip, 0.0))

    def next_beat(self, now: float) -> float:
        """The next whole multiple of the heartbeat on the clock.

        Slaves of one machine share its clock, so their beats coincide: each is then woken once
        for all heartbeats of a beat, which in a ring of 64 is most of what heartbeats cost.
        """
        beat = (now // self.heartbeat + 1.0) * self.heartbeat
        # The division may have rounded down from the very beat that this is.
        return beat if beat > now else beat + self.heartbeat

    def measures(self) -> bool:
        """Whether the heartbeats of this beat measure the way there and back; most do not."""
        self._beats += 1
        return self._beats % _MEASURED == 1

    def heartbeat_to(self, peer: SlaveId, now: float) -> Heartbeat:
        """What to say to this peer at this beat."""
        sent, at = self._echo.get(peer, (0.0, now))
        return Heartbeat(sent=now, echo=sent, kept=now - at)

    def slowest(self) -> tuple[int, float]:
        """The ordinal with the longest mean way there and back, and half of it; -1 if unknown."""
        worst = max(
            ((total / count / 2, -peer.ordinal) for peer, (count, total) in self._rounds.items()),
            default=(0.0, 1),
        )
        return -worst[1], worst[0]

    def troubles(
        self, mark: tuple[int, int], waits_for: tuple[int, ...], now: float
    ) -> list[tuple[SlaveId, Trouble]]:
        """What is wrong at this beat, in ring order.

        `mark` is (held, approved): while it moves nobody is waited for in vain.
        """
        late = now - self._last_beat
        self._last_beat = now
        if late > self.suspect / 2:
            # This slave itself was away: what came meanwhile may still be unread.
            self._heard = dict.fromkeys(self._heard, now)
            self._down = dict.fromkeys(self._down, now)
            self._mark_since = now
        if mark != self._mark:
            self._mark = mark
            self._mark_since = now
        stuck = now - self._mark_since > self.patience
        found = []
        for peer in self.peers:
            if now - self._down.get(peer, now) > self.suspect:
                found.append((peer, Trouble.RESET))
            elif now - self._heard[peer.ordinal] > self.suspect:
                found.append((peer, Trouble.SILENT))
            elif stuck and peer.ordinal in waits_for:
                found.append((peer, Trouble.WAITING))
        return found
