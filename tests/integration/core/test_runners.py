"""Every runner keeps the duties of `ringrun.core.runner`: a puppet runs in each, and looks.

A duty is a script of the puppet and a claim about what it saw. What must hold whatever happens
(`always`) is claimed of every script.
"""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from made_results import result
from puppet import LEFT, ME, RIGHT, UP, Act, Call, Framed, Noted, Puppet, Said, Seen, numbered
from slave_runners import RUNNERS, Driven, Loop, Simulated

from ringrun.core.errors import ProtocolError
from ringrun.core.outputs import Finish

Runner = Loop | Simulated | Driven
Duty = Callable[[type[Runner], Path], None]

# The clocks' last bit.
EXACT = 1e-9


def play(kind: type[Runner], folder: Path, **script: Act) -> Runner:
    """This script in this runner, to its end, which it must come to."""
    with contextlib.redirect_stdout(io.StringIO()):
        runner = kind(folder, script)
        code = runner.run()
    assert code == 0, [call.name for call in calls(runner.seen)]
    always(runner)
    return runner


def calls(seen: Seen) -> list[Call]:
    """What the runner called, in order."""
    return [each for each in seen if isinstance(each, Call)]


def names(seen: Seen, since: str = "begin") -> list[str]:
    """The same by name, from this call on, but for what says that a link is of use again."""
    found = [call.name for call in calls(seen) if call.name != "up"]
    return found[found.index(since) :]


def always(runner: Runner) -> None:
    """Notes first and all in order; time; links. What every script shows."""
    seen = runner.seen
    notes_come_first(seen)
    time_goes_on(seen, runner.late)
    peers_speak_while_linked(seen)
    assert not any(call.nested for call in calls(seen))


def notes_come_first(seen: Seen) -> None:
    """Each call's note, frames, messages: in this order, and the notes before the next call."""
    for at, call in enumerate(seen):
        if not isinstance(call, Call):
            continue
        number = call.number
        after = seen[at + 1 :]
        own = [each for each in after if not isinstance(each, Call) and each.number == number]
        assert own[:1] == [Noted(number=number)], call
        assert own[1:] in (
            [Framed(number=number), Framed(number=number), Said(number=number)],
            [],
        ), (call, own)
        until = next((each for each in after if isinstance(each, Call)), None)
        if until is not None:
            assert after.index(Noted(number=number)) < after.index(until)
    for kind in (Noted, Framed, Said):
        numbers = [each.number for each in seen if type(each) is kind]
        assert numbers == sorted(numbers), kind


def time_goes_on(seen: Seen, late: float) -> None:
    """Never back, and never past a deadline but by `tick`."""
    before = 0.0
    for call in calls(seen):
        assert call.now >= before - EXACT, call
        before = call.now
        if call.name == "tick":
            assert call.now <= call.deadline + late, call
        elif call.name != "fold":
            assert call.now < call.deadline, call


def peers_speak_while_linked(seen: Seen) -> None:
    """Up and down take turns; between down and up nothing comes of that peer."""
    up: set[object] = set()
    for call in calls(seen):
        peer = call.what[0] if call.what else None
        if call.name == "link_up":
            assert peer not in up
            up.add(peer)
        elif call.name == "link_down":
            up.remove(peer)
        elif call.name == "receive":
            assert peer in up, call
        elif call.name in {"data", "up", "begin"} and peer != ME.ordinal:
            assert peer in {each.ordinal for each in up if isinstance(each, tuple)}, call


# The duties.


def notes_first(kind: type[Runner], folder: Path) -> None:
    """1. After data, control, a deadline and a turn alike."""

    def begin(core: Puppet, call: Call) -> None:
        core.around.send(LEFT, b"x", numbered(0), b"y")

    def data(core: Puppet, call: Call) -> None:
        core.pending, core.pending_at = True, call.now

    def issue(core: Puppet, call: Call) -> None:
        if names(core.around.seen).count("data") == 2:
            core.deadline = call.now

    def tick(core: Puppet, call: Call) -> None:
        core.exit()

    seen = play(kind, folder, begin=begin, data=data, issue=issue, tick=tick).seen
    assert {"data", "receive", "issue", "tick"} <= set(names(seen))
    for each in (Noted, Framed, Said):
        left = {one.number for one in seen if type(one) is each}
        assert {call.number for call in calls(seen)[2:]} <= left


def deadlines(kind: type[Runner], folder: Path) -> None:
    """2. Whatever comes at a deadline comes after `tick`."""

    def begin(core: Puppet, call: Call) -> None:
        core.deadline = core.around.send(LEFT, b"x")

    def data(core: Puppet, call: Call) -> None:
        if call.what[1] == b"x":
            # At a time at which nothing else was due before.
            core.around.send(LEFT, b"y")
        elif call.what[1] == b"y":
            core.around.terminate()
            core.deadline = call.now
        else:
            core.exit()

    def leave(core: Puppet, call: Call) -> None:
        core.around.reset(LEFT)
        core.deadline = call.now

    def link_down(core: Puppet, call: Call) -> None:
        core.around.dial(LEFT)

    def link_up(core: Puppet, call: Call) -> None:
        if "link_down" in [each.name for each in calls(core.around.seen)]:
            core.outputs.append(Finish(result(2, "abc")))
            core.deadline = call.now

    def finish(core: Puppet, call: Call) -> None:
        core.frames.append(((ME.ordinal,), (b"own",)))
        core.deadline = call.now

    seen = play(
        kind,
        folder,
        begin=begin,
        data=data,
        leave=leave,
        link_down=link_down,
        link_up=link_up,
        finish=finish,
    ).seen
    steps = "begin tick data data tick leave tick link_down link_up tick finish tick data"
    assert names(seen) == steps.split()


def receiving_first(kind: type[Runner], folder: Path) -> None:
    """3. A turn waits for all that has arrived, and for its time."""

    def begin(core: Puppet, call: Call) -> None:
        core.around.send(RIGHT, b"x", b"y")
        core.pending, core.pending_at = True, core.around.send(LEFT, b"x", numbered(0))

    def issue(core: Puppet, call: Call) -> None:
        if names(core.around.seen).count("issue") == 1:
            core.pending, core.pending_at = True, call.now + 2**-6
            core.around.send(RIGHT, b"z")
        else:
            core.exit()

    def data(core: Puppet, call: Call) -> None:
        if call.what[1] == b"z":
            core.pending_at += 2**-7

    seen = play(kind, folder, begin=begin, issue=issue, data=data).seen
    turns = [call for call in calls(seen) if call.name == "issue"]
    assert len(turns) == 2
    for turn in turns:
        assert turn.waiting == 0
        assert turn.now >= turn.pending_at - EXACT


def own_frames(kind: type[Runner], folder: Path) -> None:
    """4. To itself, beside others."""

    def begin(core: Puppet, call: Call) -> None:
        core.frames.append(((ME.ordinal,), (b"o", b"wn")))

    def data(core: Puppet, call: Call) -> None:
        core.exit()

    seen = play(kind, folder, begin=begin, data=data).seen
    assert names(seen) == ["begin", "data"]
    assert calls(seen)[-1].what == (ME.ordinal, b"own")


def links(kind: type[Runner], folder: Path) -> None:
    """5. A link breaks under what it carries, and comes up again."""

    def begin(core: Puppet, call: Call) -> None:
        core.around.send(LEFT, b"1", b"2", b"3")

    def data(core: Puppet, call: Call) -> None:
        said = call.what[1]
        if said == b"2":
            core.around.send(LEFT, b"4")
            core.around.reset(LEFT)
        elif said == b"6":
            core.exit()

    def link_down(core: Puppet, call: Call) -> None:
        core.frames.append(((LEFT.ordinal,), (b"lost",)))
        core.around.dial(LEFT)

    def up(core: Puppet, call: Call) -> None:
        if "link_down" in [each.name for each in calls(core.around.seen)]:
            core.around.send(LEFT, b"5", b"6")

    seen = play(kind, folder, begin=begin, data=data, link_down=link_down, up=up).seen
    told = calls(seen)
    assert [call.what for call in told if call.name == "link_down"] == [(LEFT,)]
    down = next(at for at, call in enumerate(told) if call.name == "link_down")
    before = [call.what[1] for call in told[:down] if call.name == "data"]
    assert before == [b"1", b"2", b"3", b"4"][: len(before)]
    assert [call.what[-1] for call in told[down + 1 :]] == [LEFT, UP, b"5", b"6"]


def results(kind: type[Runner], folder: Path) -> None:
    """6. Kept and printed, and then given back."""
    made = result(2, "abc")

    def begin(core: Puppet, call: Call) -> None:
        core.outputs.append(Finish(made))

    def finish(core: Puppet, call: Call) -> None:
        core.exit()

    seen = play(kind, folder, begin=begin, finish=finish).seen
    assert names(seen) == ["begin", "finish"]
    first, last = calls(seen)[-2:]
    assert not first.kept
    assert last.kept
    (given,) = last.what
    assert (given.count, given.digest) == (made.count, made.digest)  # type: ignore[attr-defined]


def the_end(kind: type[Runner], folder: Path) -> None:
    """7. Whatever waits or is due by then, and whatever stands behind it."""

    def begin(core: Puppet, call: Call) -> None:
        core.around.send(LEFT, b"1", b"2", numbered(0))
        core.around.send(RIGHT, b"3")

    def data(core: Puppet, call: Call) -> None:
        core.around.terminate()
        core.around.reset(LEFT)
        core.frames.append(((ME.ordinal,), (b"own",)))
        core.pending, core.pending_at = True, call.now
        core.deadline = call.now
        core.exit()
        core.outputs.append(Finish(result(2, "abc")))

    seen = play(kind, folder, begin=begin, data=data).seen
    # Control goes before data in the loop.
    assert names(seen)[-1] == "data"
    assert names(seen).count("data") == 1


def the_end_at_a_deadline(kind: type[Runner], folder: Path) -> None:
    """7. Nor is what comes at a deadline given to a core that ended by it."""

    def begin(core: Puppet, call: Call) -> None:
        core.deadline = core.around.send(LEFT, b"x", numbered(0))
        core.pending, core.pending_at = True, core.deadline

    def tick(core: Puppet, call: Call) -> None:
        core.exit()

    seen = play(kind, folder, begin=begin, tick=tick).seen
    assert names(seen) == ["begin", "tick"]


def the_end_by_a_turn(kind: type[Runner], folder: Path) -> None:
    """7. Nor is there idle work after it."""

    def begin(core: Puppet, call: Call) -> None:
        core.around.send(LEFT, bytes(9000))

    def data(core: Puppet, call: Call) -> None:
        core.blocks = 1
        core.pending, core.pending_at = True, call.now

    def issue(core: Puppet, call: Call) -> None:
        core.exit()

    seen = play(kind, folder, begin=begin, data=data, issue=issue).seen
    assert names(seen) == ["begin", "data", "issue"]


def _refusal(item: bytes | None, kind: type[Runner], folder: Path) -> None:
    said = numbered(0) if item is None else item

    def begin(core: Puppet, call: Call) -> None:
        core.around.send(LEFT, said, b"after")
        core.around.send(RIGHT, b"good")

    def refuse(core: Puppet, call: Call) -> None:
        if call.what[1] == said:
            raise ProtocolError("against the rules")
        done(core, call)

    def done(core: Puppet, call: Call) -> None:
        if {"link_down", "data"} <= {each.name for each in calls(core.around.seen) if good(each)}:
            core.exit()

    def good(call: Call) -> bool:
        return call.name == "link_down" or call.what == (RIGHT.ordinal, b"good")

    seen = play(kind, folder, begin=begin, data=refuse, receive=refuse, link_down=done).seen
    told = calls(seen)
    assert [call.what for call in told if call.name == "link_down"] == [(LEFT,)]
    assert b"after" not in [call.what[-1] for call in told]
    (refused,) = [call for call in told if call.what and call.what[-1] == said]
    assert Framed(number=refused.number) in seen
    assert Said(number=refused.number) in seen


def refusals(kind: type[Runner], folder: Path) -> None:
    """8. Of data."""
    _refusal(b"bad", kind, folder)


def refusals_of_control(kind: type[Runner], folder: Path) -> None:
    """8. Of control."""
    _refusal(None, kind, folder)


def idle_work(kind: type[Runner], folder: Path) -> None:
    """9. After what has arrived and the turn; its notes are written down like any."""

    def begin(core: Puppet, call: Call) -> None:
        core.around.send(LEFT, bytes(9000))
        core.pending, core.pending_at = True, call.now

    def issue(core: Puppet, call: Call) -> None:
        core.blocks = 2
        core.around.send(LEFT, b"x")
        core.around.send(RIGHT, b"x")

    def data(core: Puppet, call: Call) -> None:
        if names(core.around.seen).count("data") == 3:
            core.deadline = call.now + 2**-6

    def tick(core: Puppet, call: Call) -> None:
        core.exit()

    runner = play(kind, folder, begin=begin, issue=issue, data=data, tick=tick)
    folds = [call for call in calls(runner.seen) if call.name == "fold"]
    assert bool(folds) == runner.folds
    assert all(call.waiting == 0 for call in folds)


DUTIES: tuple[Duty, ...] = (
    notes_first,
    deadlines,
    receiving_first,
    own_frames,
    links,
    results,
    the_end,
    the_end_at_a_deadline,
    the_end_by_a_turn,
    refusals,
    refusals_of_control,
    idle_work,
)


@pytest.mark.parametrize("duty", DUTIES, ids=lambda duty: duty.__name__)
@pytest.mark.parametrize("kind", RUNNERS.values(), ids=RUNNERS)
def test_a_runner_keeps_its_duties(kind: type[Runner], duty: Duty, tmp_path: Path) -> None:
    """A puppet in each runner, for each duty."""
    duty(kind, tmp_path)
