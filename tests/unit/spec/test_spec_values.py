"""`RunSpec`: the defaults, and documents that give the same run again."""

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.spec import (
    Cleanup,
    Expectations,
    FailurePolicy,
    Model,
    RunSpec,
    SpecError,
    default_run,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Specs that are right, with any of the fields left out."""
    model = draw(st.sampled_from(["lockstep", "window", "train"]))
    burst = 1 if model == "lockstep" else draw(st.integers(1, 16_384))
    heartbeat = draw(st.integers(10, 3_333))
    send = draw(st.integers(100, 86_400_000))
    grace = draw(st.integers(0, 3_600_000))
    tenths = st.integers(0, 10**7).map(lambda value: value / 10)
    fields: dict[str, Any] = {
        "nodes": draw(st.integers(2, 512)),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "tickMicroseconds": draw(st.integers(0, 1_000_000)),
        "spinMicroseconds": draw(st.integers(0, 1_000)),
        "masters": draw(st.integers(1, 5)),
        "failurePolicy": {
            "onSlaveFailure": draw(st.sampled_from(["Replace", "Continue", "Fail"])),
            "maxReplacements": draw(st.integers(0, 1_000)),
        },
        "startDeadlineSeconds": draw(st.integers(1, 86_400)),
        "ttlSecondsAfterFinished": draw(st.integers(0, 10**6)),
        "cleanup": draw(st.sampled_from(["Keep", "DeletePods"])),
        "suspend": draw(st.booleans()),
        "abort": draw(st.booleans()),
        "expect": {
            "minCount": draw(st.integers(0, 10**15)),
            "minRate": draw(st.integers(0, 10**9) | tenths),
            "maxStartSkewMilliseconds": draw(st.integers(0, 10**5) | tenths),
        },
        "template": {"image": draw(st.text(min_size=1, max_size=10)), "labels": {"a": "b"}},
    }
    kept = {key: value for key, value in fields.items() if draw(st.booleans())}
    return {
        **kept,
        "model": model,
        "burst": burst,
        "window": draw(st.integers(burst, 2**31 - 1)),
        "periods": {"sendMilliseconds": send, "graceMilliseconds": grace},
        "detection": {
            "heartbeatMilliseconds": heartbeat,
            "suspectMilliseconds": draw(st.integers(3 * heartbeat, 10_000)),
        },
        "activeDeadlineSeconds": (send + grace) // 1000 + draw(st.integers(1, 1000)),
    }


def test_defaults_are_those_of_the_design() -> None:
    assert default_run() == RunSpec(
        name="demo",
        nodes=4,
        seed=0,
        model=Model.LOCKSTEP,
        send=2.0,
        grace=1.0,
        tick=0.0,
        spin=50e-6,
        burst=1,
        window=5,
        masters=2,
        on_slave_failure=FailurePolicy.REPLACE,
        max_replacements=10,
        heartbeat=0.1,
        suspect=0.5,
        start_deadline=300.0,
        active_deadline=None,
        ttl=None,
        cleanup=Cleanup.KEEP,
        suspend=False,
        abort=False,
        expect=Expectations(),
        template={},
    )


@pytest.mark.parametrize(
    ("model", "burst", "window"),
    [("lockstep", 1, 9), ("window", 64, 576), ("train", 4096, 36_864)],
)
def test_burst_and_window_hang_on_model_and_nodes(model: str, burst: int, window: int) -> None:
    run = RunSpec.from_document({"model": model, "nodes": 8}, name="demo")
    assert (run.burst, run.window) == (burst, window)


@given(documents())
def test_a_document_gives_the_same_run_again(document: dict[str, Any]) -> None:
    """What goes into orders and reports loses nothing, also as JSON text."""
    run = RunSpec.from_document(document, name="demo")
    again = RunSpec.from_document(json.loads(json.dumps(run.as_document())), name="demo")
    assert again == run
    assert again.as_document() == run.as_document()


@given(documents())
def test_a_document_holds_what_was_given(document: dict[str, Any]) -> None:
    """Resolving adds defaults and changes nothing that the user said."""
    resolved = RunSpec.from_document(document, name="demo").as_document()
    for key, value in document.items():
        if key == "expect":
            assert resolved[key] == pytest.approx(value)
        else:
            assert resolved[key] == value


def test_a_document_of_nothing_given_has_every_default_and_no_null() -> None:
    document = default_run().as_document()
    assert document["periods"] == {"sendMilliseconds": 2000, "graceMilliseconds": 1000}
    assert document["spinMicroseconds"] == 50
    assert "activeDeadlineSeconds" not in document
    assert "expect" not in document


def test_a_resource_without_lines_has_faults_all_the_same() -> None:
    with pytest.raises(SpecError) as caught:
        RunSpec.from_mapping({"kind": "RingRun", "spec": {"nodes": 1}}, "demo")
    assert caught.value.faults == (
        "demo: apiVersion is missing; it must be ringrun.dev/v1alpha1",
        "demo: metadata.name is missing",
        "demo: spec.nodes must be between 2 and 512, got 1",
    )


def test_another_number_of_slaves_takes_the_window_along() -> None:
    run = RunSpec.from_document({"model": "window"}, name="demo").with_nodes(9)
    assert (run.nodes, run.window) == (9, 640)


def test_another_number_of_slaves_leaves_a_window_that_was_given() -> None:
    run = RunSpec.from_document({"model": "window", "window": 1000}, name="demo").with_nodes(9)
    assert (run.nodes, run.window) == (9, 1000)


def test_one_slave_is_no_ring() -> None:
    with pytest.raises(SpecError, match=r"spec.nodes must be between 2 and 512, got 1"):
        default_run().with_nodes(1)


def test_a_run_cannot_be_changed() -> None:
    run = default_run()
    with pytest.raises(FrozenInstanceError):
        run.nodes = 5  # type: ignore[misc]
    with pytest.raises(TypeError):
        run.template["image"] = "x"  # type: ignore[index]
