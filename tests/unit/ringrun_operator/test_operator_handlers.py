"""Where `kopf run` begins: to import it is to register, and nothing else (handlers)."""

import importlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kopf
import pytest
from made_kubeconfig import kubeconfig

from ringrun_operator import handlers
from ringrun_operator.kinds import WATCHED
from ringrun_operator.watch.registry import SERVER_TIMEOUT


@pytest.fixture
def registry() -> Iterator[Any]:
    """What kopf finds once it has imported this, with a registry of the test's own."""
    before = kopf.get_default_registry()
    made = kopf.OperatorRegistry()
    kopf.set_default_registry(made)
    try:
        importlib.reload(handlers)
        yield made
    finally:
        kopf.set_default_registry(before)


def called(registry: Any, activity: str) -> list[Any]:
    """Functions that kopf calls then."""
    every = registry._activities._handlers
    return [each.fn for each in every if each.activity.value == activity]


def test_every_kind_is_watched_and_listed_once(registry: Any) -> None:
    """The list comes first, so that everything is known before anything is done."""
    kinds = [each.plural for each in WATCHED]
    assert [each.id for each in registry._watching._handlers] == [f"{it}_changed" for it in kinds]
    assert [each.id for each in registry._indexing._handlers] == [f"{it}_listed" for it in kinds]


def test_nothing_runs_before_kopf_does(registry: Any) -> None:
    """One function at its start, one at its end."""
    assert (len(called(registry, "startup")), len(called(registry, "cleanup"))) == (1, 1)
    assert "controller" not in {thread.name for thread in threading.enumerate()}


def test_with_kopf_the_desk_begins_and_ends(
    registry: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And kopf watches as the operator does. Of a cluster nothing is asked until kopf tells."""
    monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path, "http://127.0.0.1:9"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    settings = kopf.OperatorSettings()
    [start], [stop] = called(registry, "startup"), called(registry, "cleanup")
    start(settings=settings)
    try:
        assert "controller" in {thread.name for thread in threading.enumerate()}
        assert settings.watching.server_timeout == SERVER_TIMEOUT
    finally:
        stop()
    assert "controller" not in {thread.name for thread in threading.enumerate()}


def test_faults_in_the_defaults_end_kopf_before_it_begins(
    registry: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line each, and the code of wrong input: nothing is registered that could run."""
    file = tmp_path / "defaults.yaml"
    file.write_text("imge: x\nlabels: {a: 1}\n")
    monkeypatch.setenv("RINGRUN_DEFAULTS", str(file))
    with pytest.raises(SystemExit) as caught:
        importlib.reload(handlers)
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{file}:1: imge is unknown; did you mean image?",
        f"{file}:2: labels.a must be a string, got 1",
    ]
