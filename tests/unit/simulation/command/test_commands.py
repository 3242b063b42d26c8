"""Commands to be copied (simulation.command.commands)."""

import shlex

import pytest

from ringrun.command.parser import make_parser
from ringrun.simulation.case import Profile
from ringrun.simulation.command.commands import Asked
from ringrun.spec import Override, default_run

SPEC = default_run([Override(flag="--nodes", path=("nodes",), text="3")])


def test_a_replay_is_one_run_in_words() -> None:
    asked = Asked(seed=0, runs=20, profile=Profile.NONE, without=("own-streams", "kick_once"))
    assert asked.replay(7) == (
        "ringrun simulate --seed 7 --runs 1 --faults none "
        "--without own-streams --without kick_once --trace"
    )


def test_the_rest_begins_where_it_stopped() -> None:
    asked = Asked(seed=100, runs=20_000, profile=Profile.ALL)
    assert asked.rest(4_312) == "ringrun simulate --seed 4412 --runs 15688 --faults all"


@pytest.mark.parametrize("file", ["soak.yaml", "my runs/soak & more.yaml", "it's.yaml", "-", "-x"])
def test_a_file_is_quoted_for_a_shell(file: str) -> None:
    """And what is read again is what was meant."""
    asked = Asked(spec=SPEC, file=file, seed=0, runs=2, profile=Profile.ALL)
    words = shlex.split(asked.replay(1))
    assert words[:3] == ["ringrun", "simulate", "./-x" if file == "-x" else file]
    parser, _ = make_parser()
    parsed = parser.parse_args(words[1:])
    assert (parsed.nodes, parsed.model, parsed.trace) == ("3", "lockstep", True)


def test_flags_alone_make_no_file() -> None:
    asked = Asked(spec=SPEC, seed=0, runs=2, profile=Profile.ALL)
    assert asked.replay(1).startswith("ringrun simulate --nodes 3 --model lockstep --seed 1 ")
