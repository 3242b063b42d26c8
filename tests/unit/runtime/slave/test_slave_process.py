"""What a slave's process does around its loop: what its journal says, and how a result is kept."""

import dataclasses
import json
import re
from pathlib import Path

import msgspec
import pytest
from made_connections import TOKEN
from made_results import result

from ringrun.core.messages import Result
from ringrun.core.node import SlaveId
from ringrun.runtime.links.admission import Name
from ringrun.runtime.log import Style
from ringrun.runtime.slave.process import SlaveSetting, keeper, known_of
from ringrun.spec import default_run

SAID = result(3, "abc", incarnation=2)


def setting(**given: Path) -> SlaveSetting:
    return SlaveSetting(name=None, token=TOKEN, title="slave 3", **given)  # type: ignore[arg-type]


def test_a_journal_says_of_a_spec_what_the_spec_says() -> None:
    """Its document has milliseconds, a journal has seconds, as everything inside."""
    spec = default_run()
    assert known_of(spec.as_document()) == {
        "nodes": spec.nodes,
        "seed": spec.seed,
        "model": str(spec.model),
        "send": spec.send,
        "grace": spec.grace,
    }


def test_a_spec_that_lacks_something_is_a_bug_of_whoever_started_it() -> None:
    with pytest.raises(KeyError, match="periods"):
        known_of({"nodes": 2, "seed": 1, "model": "train"})


def test_a_result_is_kept_wherever_it_was_asked_for(tmp_path: Path) -> None:
    """As it is told to the master afterwards: with the time of the processors, else unchanged."""
    message = tmp_path / "message"
    kept = keeper(setting(results=tmp_path, termination=message))(SAID)
    assert kept.cpu_seconds > 0
    assert msgspec.structs.replace(kept, cpu_seconds=SAID.cpu_seconds) == SAID
    for file in (tmp_path / "s3-2.json", message):
        assert msgspec.json.decode(file.read_bytes(), type=Result) == kept


def test_a_result_is_one_line_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the slave's title; by hand it is all that there is."""
    kept = keeper(setting())(SAID)
    line = capsys.readouterr().out
    assert re.fullmatch(rf"slave 3: count 3 sum \S+ digest {kept.digest}\n", line)
    assert list(tmp_path.iterdir()) == []


def test_a_result_may_be_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With the same words, and its parts as fields; whatever the level of the others is."""
    looks = Style(json=True, level="error", run="demo")
    kept = keeper(
        dataclasses.replace(setting(), style=looks, name=Name(run="demo", node=SlaveId(3, 2)))
    )(SAID)
    line = json.loads(capsys.readouterr().out)
    assert line["message"] == f"slave 3: count 3 sum {line['sum']} digest {kept.digest}"
    assert (line["count"], line["digest"], line["run"]) == (3, kept.digest, "demo")
    assert (line["node"], line["level"], line["logger"]) == ("s3-2", "info", "ringrun.slave")


def test_a_result_that_cannot_be_kept_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor told to anybody: it would be gone with the process."""
    with pytest.raises(FileNotFoundError):
        keeper(setting(results=tmp_path / "nowhere"))(SAID)
    assert capsys.readouterr().out == ""
