"""What a leader does: prepare, install, change views, move the phases, close (docs/protocol.md).

A Leading lives for one epoch of one master. It never reads or writes the record itself: `wants`
says what should be written, `saved` and `saw` say what is recorded, and only that is acted on.
"""

from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING, Any

from ringrun.core.change import Change, reachable, starter, worst
from ringrun.core.collecting import Collected
from ringrun.core.messages import (
    Close,
    Control,
    Frozen,
    Install,
    Installed,
    Kick,
    Kicked,
    Leave,
    Meet,
    Met,
    NodeId,
    Refused,
    ResultSaid,
    Status,
    Stored,
    Suspect,
    Sync,
    Synced,
    Trouble,
    Wedge,
    Wedged,
)
from ringrun.core.outputs import Live
from ringrun.core.phase import Phase
from ringrun.core.record import FoldValue, Member, Record
from ringrun.core.verdict import DIVERGED, NO_SURVIVOR, START_DEADLINE, judge
from ringrun.report import EpochReport, FailureKind, FailureReport, ViewReport

if TYPE_CHECKING:
    from ringrun.core.master import Master

Node = tuple[int, int]

_REPEAT_SECONDS = 0.1
# The same pair of slaves complaining again within this time loses one of them.
_BLAME_SECONDS = 10.0
_ABORT_SECONDS = 5.0
_LINGER_SECONDS = 5.0
_LIVE_SECONDS = 0.25
_HOLD_BACK = (0.2, 5.0)
_GO_SECONDS = 2.0


class Stage(Enum):
    """What the leader is doing."""

    PREPARE = auto()
    CHANGE = auto()
    INSTALL = auto()
    KICK = auto()
    STEADY = auto()
    CLOSE = auto()


class Leading:
    """The leader of one epoch. `record` is the newest one seen, always of this epoch."""

    def __init__(self, master: "Master", record: Record, now: float) -> None:
        self.master = master
        self.record = record
        self.stage = Stage.STEADY
        self.deadline = now
        self.count = record.count
        self.collected = Collected(record.epoch, master.rules)
        self._took_at = now
        self._since = now
        self._repeat_at = now
        self._change: Change | None = None
        self._attempt = 0
        self._go: float | None = None
        self._goes: dict[Node, float] = {}
        self._said_at: dict[Node, float] = {}
        self._done: set[Node] = set()
        self._met: dict[Node, frozenset[Node]] = {}
        self._preparing: tuple[Node, ...] = ()
        self._ready: dict[Node, Synced] = {}
        self._meeting: tuple[Member, ...] = ()
        self._meet_attempt = 0
        self._meet_since = now
        self._held_back: dict[Node, tuple[float, float]] = {}
        self._edges: set[tuple[Node, Node]] = set()
        self._troubles: dict[Node, str] = {}
        self._blamed: dict[tuple[Node, Node], float] = {}
        self._leavers: set[Node] = set()
        self._frozen: set[Node] = set()
        self._heard: dict[Node, float] = {}
        self._silent_rounds = 0
        self._unclosed = ""
        self._final = False
        self._final_at = inf
        self._live_at = now
        self._live_count = 0
        self._live_since = now
        self._last_tick = now

    # Time and plan

    @property
    def _plan_send(self) -> float:
        return self.master.plan.send

    def elapsed(self, now: float) -> float:
        """Seconds since GO, the largest that any slave said; negative if none has started."""
        return -1.0 if self._go is None else now - self._go

    def _learn(self, elapsed: float, now: float) -> None:
        if elapsed >= 0.0:
            go = now - elapsed
            self._go = go if self._go is None else min(self._go, go)

    def _end_of_grace(self) -> float:
        """On the own clock; a leader that hears of no GO counts its take-over as GO."""
        go = self._took_at if self._go is None else self._go
        return go + self.master.plan.send + self.master.plan.grace

    def _send_is_over(self, now: float) -> bool:
        if self.record.phase is not Phase.SEND:
            return self.record.phase is not Phase.START
        go = self._took_at if self._go is None else self._go
        return now >= go + self._plan_send

    # Beginning

    def begin(self, now: float) -> None:
        """Go on from the record as it was taken over."""
        self.orders_changed(now)
        record = self.record
        before = record.epoch - 1
        name = self.master.me.rsplit("-", 1)[0]
        phase = record.phase if record.view else Phase.START
        self.collected.epochs[record.epoch] = EpochReport(
            number=record.epoch, holder=self.master.me, at=self._shown(now)
        )
        if before:
            self.collected.fail(
                FailureReport(
                    at=self._shown(now),
                    kind=FailureKind.MASTER_LOST,
                    node=f"epoch {before}",
                    cause=f"{name} took over",
                    view=record.view,
                )
            )
        self._say("LeaderElected", f"{name} leads (epoch {record.epoch})", now, phase)
        if record.view:
            self._remember_view(now)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """From what is recorded, whoever recorded it."""
        record = self.record
        self._change = None
        self._since = now
        self._done = set()
        self._repeat_at = now
        if record.phase is Phase.STOP:
            self._go_to(Stage.CLOSE, now)
        elif record.view == 0:
            self._go_to(Stage.PREPARE, now)
        elif self.master.rules.reinstall_on_takeover or record.version == 0:
            self._go_to(Stage.INSTALL, now)
        else:
            self._go_to(Stage.STEADY, now)

    def _go_to(self, stage: Stage, now: float) -> None:
        self.stage = stage
        self._since = now
        self._repeat_at = now
        self._heard = {member.node: now for member in self.record.members}

    def _shown(self, now: float) -> float:
        """Seconds since GO for users; before GO since this leader began."""
        elapsed = self.elapsed(now)
        return round(elapsed if elapsed >= 0 else now - self.master.started, 6)

    def _say(self, kind: str, text: str, now: float, phase: Phase | None = None) -> None:
        shown = self.record.phase if phase is None else phase
        self.master.event(kind, text, self._shown(now), shown)

    # The record

    def wants(self, now: float) -> Record | None:
        """The next version of the record, if something should be recorded now."""
        record = self.record
        if record.phase is Phase.STOP:
            return None
        change = self._change
        if self.stage is Stage.PREPARE:
            return self._wants_prepared(now)
        if record.phase is Phase.SEND and self._go is not None and self._send_is_over(now):
            return record.evolve(phase=Phase.GRACE, send_members=record.members)
        if self._unclosed:
            return record.evolve(
                phase=Phase.STOP,
                closed=False,
                stop_reason="" if self._unclosed == "-" else self._unclosed,
                send_members=record.send_members or record.members,
            )
        if change is not None and change.syncing_since is not None:
            return self._wants_view(change, now)
        return None

    def _wants_prepared(self, now: float) -> Record | None:
        master = self.master
        orders = master.orders
        record = self.record
        late = now - master.started >= master.spec.start_deadline
        if orders.phase is Phase.STOP or late:
            silent = [member.ordinal for member in orders.roster if not self._is_ready(member.node)]
            named = ", ".join(str(ordinal) for ordinal in silent) or "none"
            reason = orders.stop_reason if orders.phase is Phase.STOP else START_DEADLINE
            if orders.phase is not Phase.STOP:
                reason = f"{reason}: not prepared: slaves {named}"
            return record.evolve(phase=Phase.STOP, closed=False, stop_reason=reason or "Stopped")
        nodes = self._preparing
        if not master.rules.go_on_from_read and record.prepared == ():
            nodes = tuple(member.node for member in orders.roster)
        if record.prepared and record.prepared != nodes:
            return record.evolve(prepared=())
        if not record.prepared and nodes and all(map(self._is_ready, nodes)):
            return record.evolve(prepared=nodes, plan=master.plan)
        if record.prepared and record.prepared == nodes and orders.phase is Phase.SEND:
            members = orders.roster
            return record.evolve(
                view=1,
                members=members,
                cut=0,
                fold=FoldValue(),
                starter=starter(record, members, -1, 0),
                phase=Phase.SEND,
                incarnations=nodes,
                plan=master.plan,
            )
        return None

    def _is_ready(self, node: Node) -> bool:
        return node in self._ready

    def _wants_view(self, change: Change, now: float) -> Record | None:
        if change.unsynced() and self.master.rules.sync_before_record:
            return None
        new = self._next_view(change)
        if change.closing and not self.master.rules.closing_cut_recorded:
            before, self.record = self.record, new.at(self.record.version)
            self._stopped(before, now)
            return None
        return new

    def _next_view(self, change: Change) -> Record:
        """Step 5: what the record will say. Unequal folds end the run, as Diverged."""
        record = self.record
        reason = change.stop_reason
        if len(change.folds()) > 1:
            change.closing = True
            reason = f"{DIVERGED}: unequal folds at cut {change.cut:,} of view {record.view}"
        members = change.everyone
        used = dict(record.incarnations)
        used.update({member.ordinal: member.incarnation for member in members})
        changes: dict[str, Any] = {}
        if change.closing:
            changes = {
                "phase": Phase.STOP,
                "closed": True,
                "stop_reason": reason,
                "send_members": record.send_members or record.members,
            }
        return record.evolve(
            view=record.view + 1,
            members=members,
            cut=change.cut,
            fold=change.fold(),
            starter=starter(record, members, change.sender(), change.cut),
            incarnations=tuple(sorted(used.items())),
            plan=self.master.plan,
            **changes,
        )

    def saved(self, record: Record, now: float) -> None:
        """A write of ours is recorded."""
        before, self.record = self.record, record
        if record.view > before.view and record.phase is not Phase.STOP:
            self._entered(before, now)
        elif record.phase is Phase.STOP and before.phase is not Phase.STOP:
            self._stopped(before, now)
        elif record.phase is Phase.GRACE and before.phase is Phase.SEND:
            self._say("GraceStarted", f"{len(record.send_members)} slaves in GRACE", now)

    def saw(self, record: Record, now: float) -> None:
        """A record was read. Go on from whatever it shows that was not known (late successes)."""
        before = self.record
        moved = record.view != before.view or record.phase is not before.phase
        if moved and self.master.rules.go_on_from_read:
            self.saved(record, now)
            return
        self.record = record
        change = self._change
        ready = change is not None and change.syncing_since is not None and not change.unsynced()
        if record.version == before.version and ready:
            # The old record: what was being written is not there. A new attempt, and only that.
            self._again(now)

    def write_over(self, version: int) -> None:
        """For the ablation of stop_on_conflict alone: pretend that the newer version is ours."""
        self.record = self.record.evolve().at(version)

    def _entered(self, before: Record, now: float) -> None:
        """A new view is recorded: install it, then kick."""
        record = self.record
        change, self._change = self._change, None
        old = {member.node for member in before.members}
        new = {member.node for member in record.members}
        shown = " ".join(str(member.ordinal) for member in record.members)
        self._remember_view(now)
        where = f"view {record.view} [{shown}], cut {record.cut:,}"
        for node in sorted(old - new):
            cause = self._cause(node, change)
            self.collected.fail(
                FailureReport(
                    at=self._shown(now),
                    kind=FailureKind.SLAVE_LOST,
                    node=str(NodeId(*node)),
                    cause=cause,
                    view=before.view,
                )
            )
            self._say("SlaveLost", f"{_named(node)} lost: {cause}; {where}", now)
        for node in sorted(new - old) if before.view else ():
            self._say("SlaveReplaced", f"{_named(node)} joined; {where}", now)
        if old == new:
            self._say("SameMembers", f"{change.cause if change else 'again'}; {where}", now)
        if not before.view:
            ready = f"{len(new)} of {len(new)} slaves ready; view 1 [{shown}]"
            self._say("SlavesReady", ready, now, Phase.START)
        self._edges = set()
        self._go_to(Stage.INSTALL, now)
        self._done = set()
        if not self.master.rules.kick_after_installed:
            self._kick(now)
        self._repeat(now)

    def _remember_view(self, now: float) -> None:
        record = self.record
        view = ViewReport(
            number=record.view,
            members=tuple(member.ordinal for member in record.members),
            incarnations=tuple(member.incarnation for member in record.members),
            at=self._shown(now) if record.view > 1 else 0.0,
            cut=record.cut,
        )
        self.collected.views.setdefault(record.view, view)
        self.collected.dirty = True

    def _cause(self, node: Node, change: Change | None) -> str:
        for ordinal, incarnation, cause in self.master.orders.causes:
            if (ordinal, incarnation) == node and cause:
                return cause
        if node in self._leavers:
            return "told to end"
        if change is not None and node in change.without and node in change.wedged:
            return "left out for its bad links"
        return self._troubles.get(node, "no answer to the wedge")

    def _stopped(self, before: Record, now: float) -> None:
        record = self.record
        self._change = None
        if record.view:
            self._say("Drained", f"drained at index {record.cut:,}", now, Phase.GRACE)
        self._go_to(Stage.CLOSE, now)
        self._repeat(now)

    # Inputs

    def receive(self, src: NodeId, message: Control, now: float) -> None:
        """What a slave says to its leader."""
        node = (src.ordinal, src.incarnation)
        self._heard[node] = now
        if isinstance(message, Refused):
            mine = (self.record.epoch, self.master.me)
            if (message.epoch, message.holder) != mine and message.epoch >= mine[0]:
                self.master.stop_leading(f"{src} obeys {message.holder}", now)
        elif isinstance(message, Met):
            self._on_met(node, message)
        elif isinstance(message, Wedged):
            self._on_wedged(node, message, now)
        elif isinstance(message, Synced):
            self._on_synced(node, message, now)
        elif isinstance(message, Installed):
            self._on_installed(node, message, now)
        elif isinstance(message, Kicked):
            if self.stage is Stage.KICK and message.view == self.record.view:
                self._go_to(Stage.STEADY, now)
        elif isinstance(message, Suspect):
            self._on_suspect(node, message)
        elif isinstance(message, Status):
            self._on_status(message, now)
        elif isinstance(message, Frozen):
            self._learn(message.elapsed, now)
            if message.view == self.record.view:
                self._frozen.add(node)
        elif isinstance(message, ResultSaid):
            self._on_result(src, message)
        elif isinstance(message, Leave) and self.record.holds(node):
            self._leavers.add(node)

    def link_up(self, peer: NodeId, now: float) -> None:
        """What is repeated is said at once on a new link."""
        self._repeat_at = min(self._repeat_at, now)

    def orders_changed(self, now: float) -> None:
        """The roster, the phase or who is dead changed; `tick` follows."""
        for result in self.master.orders.results:
            self.collected.add(result)

    def report_seen(self, now: float) -> None:
        """The stored report was read or written."""
        if self.collected.overtaken:
            self.master.stop_leading("the report is of a higher epoch", now)
            return
        if self._final and not self.collected.complete and self.collected.version is not None:
            self.collected.complete = not self.collected.dirty
            self._final = False
            if self.collected.complete:
                self._report_complete(now)
        for node in sorted(self.collected.stored):
            self._tell_stored(node)

    def _tell_stored(self, node: Node) -> None:
        stored = Stored(epoch=self.record.epoch, holder=self.master.me)
        self.master.send(node, stored)

    def _on_result(self, src: NodeId, message: ResultSaid) -> None:
        node = (src.ordinal, src.incarnation)
        if tuple(message.result.node) != node:
            return
        self.collected.add(message.result)
        if node in self.collected.stored or self.collected.complete:
            self._tell_stored(node)

    def _on_status(self, message: Status, now: float) -> None:
        self._learn(message.elapsed, now)
        self.count = max(self.count, message.approved)
        if now < self._live_at or self.record.phase is not Phase.SEND:
            return
        passed = now - self._live_since
        rate = (self.count - self._live_count) / passed if passed > 0 else 0.0
        self._live_at = now + _LIVE_SECONDS
        self._live_count, self._live_since = self.count, now
        live = Live(approved=self.count, rate=rate, p99=message.p99, elapsed=self.elapsed(now))
        self.master.outputs.append(live)

    def _on_suspect(self, node: Node, message: Suspect) -> None:
        suspect = (message.suspect[0], message.suspect[1])
        if message.view != self.record.view or not self.record.holds(node):
            return
        if self.record.holds(suspect) and self.stage in (Stage.STEADY, Stage.CHANGE):
            self._edges.add((node, suspect))
            named = {
                Trouble.SILENT: "silent",
                Trouble.RESET: "connection reset",
                Trouble.WAITING: "no progress",
            }
            self._troubles[suspect] = named[message.trouble]

    # Time

    def tick(self, now: float) -> None:
        """Whatever is due in this stage, and what must be said again."""
        if now - self._last_tick > self.master.plan.suspect / 2:
            # This master itself was away: what came meanwhile may still be unread.
            self._heard = dict.fromkeys(self._heard, now)
            self._since = max(self._since, now - self.master.plan.suspect / 2)
        self._last_tick = now
        if self.stage is Stage.PREPARE:
            self._prepare(now)
        elif self.stage is Stage.CHANGE:
            self._go_on_changing(now)
        elif self.stage is Stage.INSTALL:
            self._installing(now)
        elif self.stage is Stage.KICK:
            if now - self._since > self.master.plan.suspect:
                self._begin_change(now, "no answer to the kickstart")
        elif self.stage is Stage.STEADY:
            self._steady(now)
        else:
            self._closing(now)
        if now >= self._repeat_at:
            self._repeat(now)
        self.deadline = min(self._repeat_at, self._next_end(now))

    def _next_end(self, now: float) -> float:
        if self.record.phase is Phase.SEND and self._go is not None:
            end = self._go + self._plan_send
        elif self.record.phase is Phase.GRACE:
            end = self._end_of_grace() + self.master.plan.stop_wait / 4
        else:
            return inf
        return end if end > now else inf

    def _repeat(self, now: float) -> None:
        self._repeat_at = now + _REPEAT_SECONDS
        record = self.record
        change = self._change
        if self.stage is Stage.PREPARE:
            self._say_prepare(now)
        elif change is not None and change.syncing_since is None:
            self._say_wedge(change, now)
        elif change is not None:
            self._say_sync(change)
        elif self.stage is Stage.INSTALL:
            for member in record.members:
                if member.node not in self._done:
                    self._say_install(member.node, now)
            for node in sorted(self._leavers):
                self._say_install(node, now)
        elif self.stage is Stage.KICK:
            self._kick(now)
        elif self.stage is Stage.STEADY:
            self._say_meet()
        elif self.stage is Stage.CLOSE:
            self._say_close()

    def _command(self) -> dict[str, Any]:
        return {"epoch": self.record.epoch, "holder": self.master.me}

    # START

    def _prepare(self, now: float) -> None:
        """Nobody is left out: MEET and SYNC repeat until every ordinal has answered."""
        orders = self.master.orders
        nodes = tuple(member.node for member in orders.roster)
        if not orders.complete or not nodes:
            nodes = ()
        if nodes != self._preparing:
            self._preparing = nodes
            self._attempt += 1
            self._met = {}
            self._ready = {}
            self._repeat_at = now

    def _say_prepare(self, now: float) -> None:
        if not self._preparing:
            return
        roster = self.master.orders.roster
        everyone = set(self._preparing)
        plan = self.master.plan
        for member in roster:
            node = member.node
            if everyone - {node} <= self._met.get(node, frozenset()):
                continue
            meet = Meet(
                **self._command(), attempt=self._attempt, joiners=roster, members=(), plan=plan
            )
            self.master.send(node, meet)
        if self._all_met():
            sync = Sync(
                **self._command(), attempt=self._attempt, view=0, cut=0, donor=None, plan=plan
            )
            for node in self._preparing:
                if node not in self._ready:
                    self.master.send(node, sync)

    def _all_met(self) -> bool:
        everyone = set(self._preparing)
        return all(
            everyone - {node} <= self._met.get(node, frozenset()) for node in self._preparing
        )

    def _on_met(self, node: Node, message: Met) -> None:
        links = frozenset((ordinal, incarnation) for ordinal, incarnation in message.links)
        if message.epoch != self.record.epoch:
            return
        if self.stage is Stage.PREPARE and message.attempt == self._attempt:
            before = self._all_met()
            self._met[node] = links
            if self._all_met() and not before:
                self._repeat_at = self._last_tick
        elif self._meeting and message.attempt == self._meet_attempt:
            self._met[node] = links

    # Joining a running ring

    def _joiners(self, now: float) -> tuple[Member, ...]:
        """Fresh incarnations on the roster that may be admitted now (G12)."""
        record = self.record
        if record.phase is not Phase.SEND or self._send_is_over(now) or not record.view:
            return ()
        inside = {member.ordinal for member in record.members}
        dead = set(self.master.orders.dead)
        fresh = self.master.rules.fresh_incarnations
        return tuple(
            member
            for member in self.master.orders.roster
            if member.port
            and member.ordinal not in inside
            and member.node not in dead
            and (not fresh or member.incarnation > record.admitted(member.ordinal))
            and self._held_back.get(member.node, (0.0, 0.0))[0] <= now
        )

    def _meet_joiners(self, now: float) -> None:
        joiners = self._joiners(now)
        if {member.node for member in joiners} != {member.node for member in self._meeting}:
            self._meeting = joiners
            self._meet_attempt = self._attempt = self._attempt + 1
            self._meet_since = now
            self._met = {}
            self._say_meet()
        if not self._meeting:
            return
        good = reachable(self._meeting, self.record.members, self._met)
        late = now - self._meet_since > 2 * self.master.plan.suspect
        if good and (len(good) == len(self._meeting) or late):
            self._begin_change(now, "a slave joins", joiners=good)
        elif late:
            for member in self._meeting:
                _, delay = self._held_back.get(member.node, (0.0, _HOLD_BACK[0]))
                self._held_back[member.node] = (now + delay, min(2 * delay, _HOLD_BACK[1]))
            self._meeting = ()

    def _say_meet(self) -> None:
        if not self._meeting:
            return
        meet = Meet(
            **self._command(),
            attempt=self._meet_attempt,
            joiners=self._meeting,
            members=self.record.members,
            plan=self.master.plan,
        )
        for member in (*self._meeting, *self.record.members):
            self.master.send(member.node, meet)

    # The view change

    def _steady(self, now: float) -> None:
        orders = self.master.orders
        record = self.record
        plan = self.master.plan
        if orders.phase is Phase.STOP and record.phase is not Phase.STOP:
            reason = orders.stop_reason or "Stopped"
            self._begin_change(now, "the run is stopped", closing=True, stop_reason=reason)
            return
        if record.phase is Phase.GRACE:
            ended = {*self._frozen, *self.collected.results, *orders.dead}
            over = now >= self._end_of_grace() + plan.stop_wait / 4
            if over or all(member.node in ended for member in record.members):
                self._begin_change(now, "closing", closing=True)
                return
        dead = set(orders.dead)
        newer = {member.ordinal: member.incarnation for member in orders.roster}
        gone = {
            member.node
            for member in record.members
            if member.node in dead
            or member.node in self._leavers
            or newer.get(member.ordinal, 0) > member.incarnation
        }
        quiet = [
            member.node
            for member in record.members
            if now - self._heard.get(member.node, now) > 2 * plan.suspect + 0.5
        ]
        if gone:
            self._begin_change(now, "slaves are gone", without=gone)
        elif self._edges:
            a, b = min(self._edges)
            cause = f"slave {a[0]} has trouble with slave {b[0]}: {self._troubles.get(b, '')}"
            self._begin_change(now, cause)
        elif quiet and len(quiet) < len(record.members):
            self._begin_change(now, f"nothing heard from slave {quiet[0][0]}")
        else:
            self._meet_joiners(now)

    def _begin_change(
        self,
        now: float,
        cause: str,
        *,
        closing: bool = False,
        stop_reason: str = "",
        joiners: tuple[Member, ...] = (),
        without: set[Node] | None = None,
    ) -> None:
        self._attempt += 1
        if not joiners:
            self._meeting = ()
        self._change = Change(
            attempt=self._attempt,
            since=now,
            closing=closing,
            stop_reason=stop_reason,
            joiners=joiners,
            without=set(without or ()),
            cause=cause,
        )
        self._go_to(Stage.CHANGE, now)
        self._repeat(now)

    def _again(self, now: float, *, without: set[Node] | None = None) -> None:
        """The same change from the wedge on, under a new attempt."""
        change = self._change
        assert change is not None
        self._begin_change(
            now,
            change.cause,
            closing=change.closing,
            stop_reason=change.stop_reason,
            joiners=() if self._send_is_over(now) else change.joiners,
            without=change.without | (without or set()),
        )

    def _gone(self) -> set[Node]:
        """Members that cannot answer any more: named dead, or with a result."""
        return {*self.master.orders.dead, *self.collected.results}

    def _go_on_changing(self, now: float) -> None:
        change = self._change
        assert change is not None
        stop = self.master.orders.phase is Phase.STOP
        if (change.joiners and self._send_is_over(now)) or (stop and not change.closing):
            if stop:
                change.closing = True
                change.stop_reason = self.master.orders.stop_reason or "Stopped"
                change.joiners = ()
            self._again(now)
            return
        if change.syncing_since is None:
            self._wedging(change, now)
        elif change.unsynced():
            self._syncing(change, now)

    def _wedging(self, change: Change, now: float) -> None:
        record = self.record
        plan = self.master.plan
        gone = self._gone()
        living = [member for member in record.members if member.node not in gone]
        missing = [
            m for m in living if m.node not in change.wedged and m.node not in change.without
        ]
        if missing and now - change.since <= plan.suspect:
            return
        if not change.closing:
            change.without |= self._blame(change, now)
        change.choose(record.members)
        if not change.survivors:
            self._no_survivor(change, living, now)
            return
        self._silent_rounds = 0
        few = 2 * len(change.survivors) < len(living)
        standby = any(name != self.master.me for name in self.master.orders.masters)
        if few and standby and not change.closing and not self.master.stood_aside:
            self.master.stand_aside(now)
            return
        change.syncing_since = now
        self._repeat(now)

    def _blame(self, change: Change, now: float) -> set[Node]:
        """Whom to leave out though all answer: links that were reported again within 10 s."""
        again = {
            edge
            for edge in self._edges
            if now - self._blamed.get(edge, -inf) <= _BLAME_SECONDS
            and edge[0] in change.wedged
            and edge[1] in change.wedged
        }
        for edge in sorted(self._edges):
            self._blamed[edge] = now
        self._edges = set()
        return worst(sorted(again), sorted(change.wedged))

    def _no_survivor(self, change: Change, living: list[Member], now: float) -> None:
        """Repeat and record nothing, until it is sure that nobody can answer any more."""
        record = self.record
        results = self.collected.results
        anyone = any(member.node in results for member in record.members)
        late = now >= self._end_of_grace() + self.master.plan.result_wait
        aborted = bool(change.stop_reason) and now - self._since_first(change, now) > _ABORT_SECONDS
        if change.closing and not self.master.rules.unclosed_stop:
            change.since = now
        elif not living and anyone:
            self._unclosed = change.stop_reason or "-"
        elif not living or late:
            self._unclosed = change.stop_reason or ("-" if anyone else NO_SURVIVOR)
        elif aborted:
            self._unclosed = change.stop_reason
        else:
            change.since = now
            self._silent_rounds += 1

    def _since_first(self, change: Change, now: float) -> float:
        return now - self._silent_rounds * self.master.plan.suspect

    def _syncing(self, change: Change, now: float) -> None:
        assert change.syncing_since is not None
        gone = self._gone()
        unsynced = change.unsynced()
        lost = {member.node for member in unsynced if member.node in gone}
        if now - change.syncing_since > self.master.plan.suspect:
            lost |= {member.node for member in unsynced}
        if not lost:
            return
        survivors = {member.node for member in change.survivors}
        change.joiners = tuple(m for m in change.joiners if m.node not in lost)
        if lost & survivors:
            self._again(now, without=lost & survivors)

    def _say_wedge(self, change: Change, now: float) -> None:
        gone = self._gone()
        for member in self.record.members:
            if member.node not in change.wedged and member.node not in gone:
                wedge = Wedge(
                    **self._command(),
                    attempt=change.attempt,
                    record=self.record,
                    elapsed=self.elapsed(now),
                )
                self.master.send(member.node, wedge)

    def _say_sync(self, change: Change) -> None:
        for member in change.unsynced():
            sync = Sync(
                **self._command(),
                attempt=change.attempt,
                view=self.record.view,
                cut=change.cut,
                donor=change.donor,
                plan=self.master.plan,
            )
            self.master.send(member.node, sync)

    def _on_wedged(self, node: Node, message: Wedged, now: float) -> None:
        self._learn(message.elapsed, now)
        change = self._change
        if change is None or message.epoch != self.record.epoch:
            return
        tagged = (message.attempt, message.view) == (change.attempt, self.record.view)
        if tagged and change.syncing_since is None:
            change.wedged[node] = message

    def _on_synced(self, node: Node, message: Synced, now: float) -> None:
        if message.epoch != self.record.epoch:
            return
        change = self._change
        if self.stage is Stage.PREPARE:
            if message.attempt == self._attempt and message.view == 0:
                self._ready[node] = message
        elif change is not None and change.syncing_since is not None:
            tag = (message.attempt, message.view, message.fold.count)
            now_asked = (change.attempt, self.record.view, change.cut)
            if tag == now_asked or not self.master.rules.tagged_answers:
                change.synced[node] = message

    # INSTALL and KICK

    def _say_install(self, node: Node, now: float) -> None:
        self._said_at[node] = now
        install = Install(**self._command(), record=self.record, elapsed=self.elapsed(now))
        self.master.send(node, install)

    def _on_installed(self, node: Node, message: Installed, now: float) -> None:
        if message.view != self.record.view or message.epoch != self.record.epoch:
            return
        if self.record.view == 1 and node not in self._goes and message.elapsed >= 0.0:
            middle = (self._said_at.get(node, now) + now) / 2
            self._goes[node] = middle - message.elapsed
        self._learn(message.elapsed, now)
        if self.stage is not Stage.INSTALL:
            return
        if message.wedged and self.master.rules.wedge_is_final:
            self._begin_change(now, f"slave {node[0]} is wedged in view {self.record.view}")
            return
        self._done.add(node)

    def _installing(self, now: float) -> None:
        record = self.record
        if self.master.orders.phase is Phase.STOP:
            self._go_to(Stage.STEADY, now)
            return
        gone = self._gone() | self._leavers
        if any(member.node in gone for member in record.members):
            self._begin_change(now, "slaves are gone", without=self._leavers & gone)
        elif all(member.node in self._done for member in record.members):
            self._measure_skew(now)
            if record.phase is Phase.SEND and not self._send_is_over(now):
                self._go_to(Stage.KICK, now)
                self._repeat(now)
            else:
                self._go_to(Stage.STEADY, now)
        else:
            wait = self.master.plan.suspect
            if now - self._since > (max(wait, _GO_SECONDS) if record.view == 1 else wait):
                self._begin_change(now, "not all installed the view")

    def _measure_skew(self, now: float) -> None:
        if self.record.view != 1 or self.collected.start_skew is not None or not self._goes:
            return
        skew = max(self._goes.values()) - min(self._goes.values())
        self.collected.start_skew = skew
        self.collected.dirty = True
        count = len(self._goes)
        text = f"{count} slaves in SEND, start skew {skew * 1e3:.1f} ms"
        self._say("SendStarted", text, now)

    def _kick(self, now: float) -> None:
        record = self.record
        node = next((m.node for m in record.members if m.ordinal == record.starter), None)
        if node is not None:
            kick = Kick(**self._command(), view=record.view, elapsed=self.elapsed(now))
            self.master.send(node, kick)
            if not self.master.rules.one_train:
                self.master.send(node, kick)

    # The end

    def _say_close(self) -> None:
        record = self.record
        members = {member.node for member in (*record.send_members, *record.members)}
        if self.master.rules.close_to_roster:
            members |= {member.node for member in self.master.orders.roster}
        close = Close(**self._command(), record=record)
        for node in sorted(members):
            if node not in self.collected.results:
                self.master.send(node, close)

    def _closing(self, now: float) -> None:
        if self.collected.complete and self._final_at == inf:
            self._final_at = now
        if self._final_at == inf:
            return
        waiting = [node for node in self.master.up if node not in set(self.master.orders.dead)]
        if not waiting or now - self._final_at > _LINGER_SECONDS:
            self.master.done()

    def _is_over(self, now: float) -> bool:
        """Whether every result that can still come is there."""
        record = self.record
        dead = set(self.master.orders.dead)
        results = self.collected.results
        late = now >= self._since + self.master.plan.result_wait
        return late or all(
            member.node in results or member.node in dead for member in record.send_members
        )

    def report_wanted(self, now: float) -> dict[str, Any] | None:
        """The document to write now, if there is something new."""
        collected = self.collected
        if collected.complete:
            return None
        if self.record.phase is Phase.STOP and self._is_over(now):
            judgement = judge(self.record, collected.results, self.master.rules)
            self._final = True
            return collected.report(self.master.spec, self.record, judgement)
        return collected.draft() if collected.dirty else None

    def _report_complete(self, now: float) -> None:
        """The complete report is stored."""
        count = len(self.collected.results)
        wanted = len(self.record.send_members)
        self._say("ResultsCollected", f"{count} of {wanted} results", now, Phase.STOP)


def _named(node: Node) -> str:
    return f"slave {node[0]} (incarnation {node[1]})"
