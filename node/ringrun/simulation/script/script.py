"""Written scenarios: a few lines that say what is held back, cut or killed, and when.

A line is one command, done in order; `#` begins a comment. Names and patterns are those of `words`;
a pattern is looked for in the lines of the transcript (`trace`) and, for messages, in
`A > B MESSAGE ... [C k=1 x1]`.

    nodes 3                     settings first, see `settings`
    wait PATTERN [or 2 s]       until it has happened; what never happens is in `Script.missed`
    perhaps PATTERN [or 2 s]    the same, but it need not happen
    must PATTERN [or 2 s]       the same, and a broken promise (G9) if it does not happen
    never PATTERN               from now on this is a broken promise
    pass 0.3 s
    hold PATTERN                from the first such message on, nothing more goes this way
    release [A > B]             let go what was held or blocked; everything if no way is named
    block A > B                 one direction; `block A - B` both
    part A | B L                all ways between the two sides
    reset A - B                 the connection ends, what is unread is lost
    kill A | pause A | resume A | leave A
    record TROUBLE for L        see `stores.Trouble`; `record fine` ends all of it
    free L                      somebody thinks that L has ended, and frees its lease
    again PATTERN               the last such message arrives once more
    stop REASON                 the supervisor is told to end the run
    supervisor off | on         it sees and does nothing meanwhile
    supervisor restart          another goes on from its objects alone
    masters off | on            all are killed, and others have to wait until there is room again
    masters broken              all are killed, and others end as soon as they are started
    lose record                 for good; the supervisor knows of it
    lose result of A            nobody but A can read it any more
    when PATTERN do COMMAND     once, at the very moment
    end                         faults are over: let go of everything and run to the end; what is
                                lost, and masters that are off, stay so

Used by tests/simulation alone.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ringrun.core.node import SlaveId
from ringrun.core.reason import Reason, Why
from ringrun.core.rules import ALL_RULES, Rules
from ringrun.simulation.finish import Outcome, crash, finish
from ringrun.simulation.judge import Finding
from ringrun.simulation.links import Lane
from ringrun.simulation.process.process import Process
from ringrun.simulation.process.slave import SlaveProcess
from ringrun.simulation.script.settings import case_of, is_setting
from ringrun.simulation.script.words import NAMES, matches, name_of, node_of, renamed, words_of
from ringrun.simulation.stores import Trouble
from ringrun.simulation.telling.telling import Telling
from ringrun.simulation.trace import Trace, message
from ringrun.simulation.world.objects import Room
from ringrun.simulation.world.world import World

_WAIT = 3.0


class _Lines(Trace):
    """A transcript in the scenario's names, which tells each line to the script."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__(telling=Telling(renamed, NAMES))
        self._heard = heard

    def happened(self, text: str) -> None:
        line = renamed(text)
        self.lines.append(f"{self.clock.now:9.4f}  {line}")
        self._heard(line)


class Script:
    """One scenario, run once. `missed` are the waits that waited in vain."""

    def __init__(self, text: str, rules: Rules = ALL_RULES) -> None:
        self.missed: list[str] = []
        self._commands = [
            line for line in (raw.partition("#")[0].strip() for raw in text.splitlines()) if line
        ]
        settings: dict[str, str] = {}
        while is_setting(self._commands[0].split()[0]):
            name, value = self._commands.pop(0).split()
            settings[name] = value
        self._triggers: list[tuple[list[str], str]] = []
        self._holds: list[list[str]] = []
        self._blocked: list[Lane] = []
        self._sent: list[tuple[str, Lane, Any]] = []
        self._forbidden: list[list[str]] = []
        self._findings: list[Finding] = []
        self._pattern: list[str] = []
        self._seen = False
        self.trace = _Lines(self._heard)
        self.world = World(case_of(settings, rules), self.trace)
        self.world.hook = self._sends

    def run(self) -> Outcome:
        """Do every command, then let the run end, and judge it."""
        for command in self._commands:
            self._do(command)
        self._end()
        outcome = finish(self.world)
        return replace(outcome, findings=(*self._findings, *outcome.findings))

    def _do(self, command: str) -> None:
        verb, _, rest = command.partition(" ")
        rest = rest.strip()
        getattr(self, f"_{verb}")(rest)

    # Commands.

    def _wait(self, rest: str) -> None:
        if not self._perhaps(rest):
            self.missed.append(rest)

    def _must(self, rest: str) -> None:
        if not self._perhaps(rest):
            self._findings.append(Finding(promise="G9", text=f"this did not happen: {rest}"))

    def _never(self, rest: str) -> None:
        self._forbidden.append(words_of(rest))

    def _perhaps(self, rest: str) -> bool:
        pattern, _, limit = rest.partition(" or ")
        clock = self.world.clock
        until = clock.now + (float(limit.removesuffix("s")) if limit else _WAIT)
        self._pattern, self._seen = words_of(pattern), False
        while not self._seen and clock.now <= until and self._advance(clock.step):
            pass
        self._pattern = []
        return self._seen

    def _pass(self, rest: str) -> None:
        clock = self.world.clock
        self._advance(clock.run, clock.now + float(rest.removesuffix("s")))

    def _advance(self, function: Callable[..., bool | None], *arguments: float) -> bool:
        """Let the world go on; False if nothing is left to happen, or it broke."""
        try:
            return function(*arguments) is not False
        except Exception as error:
            self._findings.append(crash(error, self.world))
            return False

    def _hold(self, rest: str) -> None:
        self._holds.append(words_of(rest))

    def _release(self, rest: str) -> None:
        lanes = self._lanes(rest) if rest else list(self._blocked)
        if not rest:
            self._holds.clear()
        for lane in lanes:
            while lane in self._blocked:
                self._blocked.remove(lane)
                lane.unblock()

    def _block(self, rest: str) -> None:
        for lane in self._lanes(rest):
            self._block_lane(lane)

    def _part(self, rest: str) -> None:
        here, _, there = rest.partition("|")
        for one in here.split():
            for other in there.split():
                self._block(f"{one} - {other}")

    def _reset(self, rest: str) -> None:
        lane = self._lanes(rest)[0]
        lane.link.reset()

    def _kill(self, rest: str) -> None:
        self.world.crash(self._process(rest))

    def _pause(self, rest: str) -> None:
        self.world.disturbed.add(self._process(rest).name)
        self._process(rest).pause()

    def _resume(self, rest: str) -> None:
        self._process(rest).resume()

    def _leave(self, rest: str) -> None:
        process = self._process(rest)
        assert isinstance(process, SlaveProcess)
        process.call(process.leave)

    def _record(self, rest: str) -> None:
        what, _, name = rest.partition(" for ")
        if what == "fine":
            for master in self.world.masters():
                master.record.troubles.clear()
                master.report.troubles.clear()
            return
        master = next(m for m in self.world.masters() if name_of(m.key) == name)
        master.record.troubles.append(Trouble(what))

    def _free(self, rest: str) -> None:
        self.world.supervisor.free(self._process(rest).name)

    def _again(self, rest: str) -> None:
        pattern = words_of(rest)
        lane, payload = next(
            (lane, payload)
            for line, lane, payload in reversed(self._sent)
            if matches(pattern, line)
        )
        lane.send(payload)

    def _supervisor(self, rest: str) -> None:
        supervisor = self.world.supervisor
        if rest == "off":
            supervisor.away = True
        elif rest == "restart":
            self.world.restart_supervisor(0.0)
        else:
            supervisor.back()

    def _masters(self, rest: str) -> None:
        rooms = {"on": Room.ENOUGH, "off": Room.FULL, "broken": Room.BROKEN}
        self.world.objects.make_room(rooms[rest])
        if rest != "on":
            for master in self.world.masters():
                self.world.crash(master)

    def _lose(self, rest: str) -> None:
        if rest == "record":
            self.world.lose_record()
            return
        node = node_of(rest.removeprefix("result of "))
        assert isinstance(node, SlaveId)
        self.world.objects.lose_result(node)

    def _stop(self, rest: str) -> None:
        self.world.supervisor.stop = Reason(Why(rest))
        self.world.supervisor.look()

    def _when(self, rest: str) -> None:
        pattern, _, command = rest.partition(" do ")
        self._triggers.append((words_of(pattern), command.strip()))

    def _end(self, rest: str = "") -> None:
        self._release("")
        self._record("fine")
        self._supervisor("on")
        for process in self.world.processes.values():
            while process.paused:
                process.resume()

    # What happens.

    def _heard(self, line: str) -> None:
        if self._pattern and matches(self._pattern, line):
            self._seen = True
        for pattern in self._forbidden:
            if matches(pattern, line):
                self._findings.append(Finding(promise="G9", text=f"this happened: {line}"))
        for each in [pair for pair in self._triggers if matches(pair[0], line)]:
            if each in self._triggers:
                self._triggers.remove(each)
                self._do(each[1])

    def _sends(self, lane: Lane, payload: Any) -> bool:
        sender = lane.sender
        line = f"{name_of(sender.key)} > {name_of(lane.receiver.key)} {message(payload)}"
        self._sent.append((line, lane, payload))
        for pattern in self._holds:
            if matches(pattern, line):
                self._block_lane(lane)
                break
        self._heard(line)
        return sender.alive

    def _block_lane(self, lane: Lane) -> None:
        if lane not in self._blocked:
            lane.blocked += 1
            self._blocked.append(lane)

    def _process(self, name: str) -> Process:
        return self.world.processes[node_of(name)]

    def _lanes(self, way: str) -> list[Lane]:
        one, arrow, other = way.split()
        lanes = self.world.lanes(self._process(one), self._process(other))
        assert lanes, f"{one} and {other} never meet"
        return list(lanes) if arrow == "-" else [lanes[0]]
