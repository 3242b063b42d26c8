"""The seed's model: one message at a time, confirmed by all, approved by its sender.

Three hops a message: MESSAGE to all, CONFIRM to the sender, APPROVE to all; the successor of an
approved message's sender broadcasts the next. 3(n-1) frames a message, exactly.
"""

from struct import Struct

from ringrun.core.errors import ProtocolError
from ringrun.core.notes import Note
from ringrun.core.ring.frame import HEADER, ONE, Kind
from ringrun.core.ring.models.interface import Model
from ringrun.core.ring.ring import Ring

_TAIL = Struct("<IQIQ")
_MESSAGE, _CONFIRM, _APPROVE = int(Kind.MESSAGE), int(Kind.CONFIRM), int(Kind.APPROVE)


class Lockstep(Model):
    """`mine` is the own message that is under way (0: none), `unconfirmed` who still lacks it."""

    __slots__ = ("mine", "said", "unconfirmed")

    def __init__(self, ring: Ring) -> None:
        super().__init__(ring)
        self.mine = 0
        self.said = 0  # the last own message that was approved, for a peer that missed it
        self.unconfirmed: set[int] = set()

    def kick(self) -> None:
        self.due = True

    def issue(self, now: float) -> None:
        self.due = False
        ring = self.ring
        log = ring.log
        if not ring.sending or log.held != log.approved:
            return
        index = log.held + 1
        k = ring.k
        me = ring.me
        u = ring.stream.one(k)
        ring.k = k + 1
        tally = ring.tally
        tally.issued = index
        ring.timed.append((index, now))
        if ring.notes is not None:
            ring.notes.append((Note.ISSUED, ring.view, index, me, k, 1, u))
        peers = ring.peers
        if peers:
            frame = ONE.pack(_MESSAGE, 1, ring.view, index, index, index, index - 1, me, k, 1, u)
            ring.frames.append((peers, (frame,)))
            if tally.counting:
                tally.sent += len(peers)
        log.append_one(me, k, u)
        self.mine = index
        self.unconfirmed = set(peers)
        if not peers or not ring.rules.confirmed_first:
            self._approve(now)

    def receive(
        self,
        src: int,
        kind: int,
        wagons: int,
        turn: int,
        first: int,
        ack: int,
        approved: int,
        frame: memoryview,
        now: float,
    ) -> None:
        if kind == _CONFIRM:
            mine = self.mine
            if mine and ack >= mine:
                unconfirmed = self.unconfirmed
                unconfirmed.discard(src)
                if not unconfirmed:
                    self._approve(now)
        elif kind == _MESSAGE:
            self._message(src, first, wagons, frame)
        elif kind == _APPROVE:
            log = self.ring.log
            held = log.held
            if approved > held:
                # Its message was lost with a connection; both come again with the next HELLO.
                return
            if approved > log.approved:
                self.ring.approve(approved, now)
            if src == self.ring.parent and approved == held and not self.mine:
                self.due = True
        else:
            raise ProtocolError(f"lockstep has no frames of kind {kind}")

    def _message(self, src: int, index: int, wagons: int, frame: memoryview) -> None:
        ring = self.ring
        log = ring.log
        if wagons != 1 or len(frame) != ONE.size:
            raise ProtocolError(f"a lockstep message is {ONE.size} bytes, got {len(frame)}")
        if index == log.held + 1 or not ring.rules.deduplicate:
            sender, k, _, u = _TAIL.unpack_from(frame, HEADER.size)
            if sender != src:
                raise ProtocolError(f"slave {src} sent a message of slave {sender}")
            if self.mine and ring.rules.deduplicate:
                raise ProtocolError(f"message {index} came before {self.mine} was approved")
            if log.held >= log.limit:
                log.fold()
            log.append_one(sender, k, u)
            if ring.notes is not None:
                ring.notes.append((Note.HELD, ring.view, log.held, sender, k, 1, u))
        elif index > log.held:
            # One before it was lost with a connection; the sender has it, and sends both again.
            return
        confirm = HEADER.pack(_CONFIRM, 0, ring.view, index, index + 1, log.held, log.approved)
        ring.frames.append(((src,), (confirm,)))
        tally = ring.tally
        if tally.counting:
            tally.sent += 1

    def _approve(self, now: float) -> None:
        ring = self.ring
        index = self.said = self.mine
        self.mine = 0
        frame = HEADER.pack(_APPROVE, 0, ring.view, index, index + 1, index, index)
        # A member that is alone goes on by its own inbox, not by recursion.
        peers = ring.peers or (ring.me,)
        ring.frames.append((peers, (frame,)))
        tally = ring.tally
        if tally.counting:
            tally.sent += len(peers)
        ring.approve(index, now)

    def turn_from(self, peer: int) -> int:
        return 0

    def hello(self, peer: int, held: int, approved: int, turn: int, now: float) -> None:
        ring = self.ring
        if self.mine and peer in self.unconfirmed:
            if held >= self.mine:
                self.unconfirmed.discard(peer)
                if not self.unconfirmed:
                    self._approve(now)
            else:
                self._send_again(peer, self.mine)
        elif self.said > approved:
            frame = HEADER.pack(
                _APPROVE, 0, ring.view, self.said, self.said + 1, self.said, self.said
            )
            ring.send((peer,), frame)

    def _send_again(self, peer: int, index: int) -> None:
        ring = self.ring
        ((_, sender, k, _),), numbers = ring.log.read(index, index)
        u = int.from_bytes(numbers, "little")
        frame = ONE.pack(_MESSAGE, 1, ring.view, index, index, index, index - 1, sender, k, 1, u)
        ring.send((peer,), frame)

    def waits_for(self) -> tuple[int, ...]:
        ring = self.ring
        log = ring.log
        if self.mine:
            return tuple(peer for peer in ring.peers if peer in self.unconfirmed)
        if log.held > log.approved:
            return (log.sender_at(log.held),)
        if ring.sending:
            last = log.sender_at(log.held)
            members = ring.members
            if last in members:
                due = members[(members.index(last) + 1) % len(members)]
                return (due,) if due != ring.me else ()
        return ()
