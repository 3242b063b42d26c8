"""The rules of a RingRun: each fault in a line, with the rule, the value and the place."""

import pytest
from faulty import HEAD, faults
from hypothesis import given
from hypothesis import strategies as st

from ringrun.spec import RunSpec, SpecError, parse_run
from ringrun.spec.checking import check_resource
from ringrun.spec.faults import Places


def spec_faults(spec: str) -> list[str]:
    """The faults of a spec whose first line is line 6 of the file."""
    return faults(HEAD + spec)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("  nodes: 1", "6: spec.nodes must be between 2 and 512, got 1"),
        ("  nodes: 0", "6: spec.nodes must be between 2 and 512, got 0"),
        ("  nodes: 513", "6: spec.nodes must be between 2 and 512, got 513"),
        ("  nodes: '4'", '6: spec.nodes must be an integer, got "4"'),
        ("  nodes: true", "6: spec.nodes must be an integer, got true"),
        ("  nodes: 4.0", "6: spec.nodes must be an integer, got 4.0"),
        ("  nodes: [4]", "6: spec.nodes must be an integer, got a list"),
        ("  nodes: {}", "6: spec.nodes must be an integer, got a mapping"),
        ("  nodes: 2020-01-01", '6: spec.nodes must be an integer, got "2020-01-01"'),
        ("  seed: -1", "6: spec.seed must be between 0 and 9223372036854775807, got -1"),
        (
            "  seed: 9223372036854775808",
            "6: spec.seed must be between 0 and 9223372036854775807, got 9223372036854775808",
        ),
        (
            "  periods: {sendMilliseconds: -2000}",
            "6: spec.periods.sendMilliseconds must be between 100 and 86400000, got -2000",
        ),
        (
            "  periods:\n    graceMilliseconds: 3600001",
            "7: spec.periods.graceMilliseconds must be between 0 and 3600000, got 3600001",
        ),
        ("  periods: 3", "6: spec.periods must be a mapping, got 3"),
        ("  model: 3", "6: spec.model must be one of lockstep, window, train, got 3"),
        ("  model: paxos", '6: spec.model must be one of lockstep, window, train, got "paxos"'),
        (
            "  model: Train",
            '6: spec.model must be one of lockstep, window, train, got "Train"; did you mean '
            "train?",
        ),
        ("  suspend: 'yes'", '6: spec.suspend must be true or false, got "yes"'),
        ("  abort: 1", "6: spec.abort must be true or false, got 1"),
        (
            "  failurePolicy: {onSlaveFailure: replace}",
            "6: spec.failurePolicy.onSlaveFailure must be one of Replace, Continue, Fail, "
            'got "replace"; did you mean Replace?',
        ),
        (
            "  spinMicroseconds: 1001",
            "6: spec.spinMicroseconds must be between 0 and 1000, got 1001",
        ),
        ("  masters: 6", "6: spec.masters must be between 1 and 5, got 6"),
        ("  burst: 0", "6: spec.burst must be between 1 and 16384, got 0"),
        ("  expect: {minRate: -1}", "6: spec.expect.minRate must be at least 0, got -1"),
        ("  expect: {minRate: .nan}", "6: spec.expect.minRate must be a number, got NaN"),
        ("  expect: {minCount: 2.5}", "6: spec.expect.minCount must be an integer, got 2.5"),
        ("  template: {imge: a}", "6: spec.template.imge is unknown; did you mean image?"),
        ("  template: {env: {}}", "6: spec.template.env must be a list, got a mapping"),
        ("  colour: red", "6: spec.colour is unknown"),
        (
            "  sendMilliseconds: 2000",
            "6: spec.sendMilliseconds is unknown; did you mean spec.periods.sendMilliseconds?",
        ),
        ("  nodes: 4\n  nodes: 5", "7: spec.nodes is given twice, first in line 6"),
    ],
)
def test_a_wrong_field_is_named_with_rule_value_and_line(spec: str, fault: str) -> None:
    assert spec_faults(spec) == [f"bad.yaml:{fault}"]


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (
            "  model: window\n  window: 63",
            "7: spec.window must be at least spec.burst (64), got 63",
        ),
        (
            "  model: window\n  window: 8\n  burst: 9",
            "7: spec.window must be at least spec.burst (9), got 8",
        ),
        ("  burst: 64", "6: spec.burst must be 1 for model lockstep, got 64"),
        (
            "  detection: {suspectMilliseconds: 299}",
            "6: spec.detection.suspectMilliseconds must be at least 3 heartbeats (300), got 299",
        ),
        (
            "  detection:\n    heartbeatMilliseconds: 1000",
            "7: spec.detection.suspectMilliseconds must be at least 3 heartbeats (3000), "
            "got 500, the default",
        ),
        (
            "  activeDeadlineSeconds: 3",
            "6: spec.activeDeadlineSeconds must be longer than SEND and GRACE together (3 s), "
            "got 3",
        ),
    ],
)
def test_rules_across_fields_are_checked(spec: str, fault: str) -> None:
    assert spec_faults(spec) == [f"bad.yaml:{fault}"]


@pytest.mark.parametrize(
    "spec",
    [
        "  model: window\n  window: 64",
        "  detection: {suspectMilliseconds: 300}",
        "  activeDeadlineSeconds: 4",
        "  nodes: 512\n  masters: 5",
        "  nodes: 2\n  seed: 9223372036854775807",
        "  periods: {sendMilliseconds: 100, graceMilliseconds: 0}",
        "  nodes:\n  periods:\n",
        "",
    ],
)
def test_the_edges_of_the_rules_are_allowed(spec: str) -> None:
    assert isinstance(parse_run(HEAD + spec, "good.yaml"), RunSpec)


def test_a_wrong_field_silences_the_rules_that_lean_on_it() -> None:
    """One mistake, one line: a wrong burst is not also a wrong window."""
    assert spec_faults("  model: window\n  burst: x\n  window: 3") == [
        'bad.yaml:7: spec.burst must be an integer, got "x"'
    ]


def test_another_kind_is_told_apart_and_not_taken_to_pieces() -> None:
    assert faults("apiVersion: v1\nkind: Pod\nspec: {containers: []}\n") == [
        'bad.yaml:1: apiVersion must be ringrun.dev/v1alpha1, got "v1"',
        'bad.yaml:2: kind must be RingRun, got "Pod"',
    ]


def test_a_kind_that_is_nearly_right_is_suggested_and_the_rest_is_checked() -> None:
    text = (
        "apiVersion: ringrun.dev/v1alpha1\nkind: ringrun\nmetadata: {name: a}\nspec: {nodes: 1}\n"
    )
    assert faults(text) == [
        'bad.yaml:2: kind must be RingRun, got "ringrun"; did you mean RingRun?',
        "bad.yaml:4: spec.nodes must be between 2 and 512, got 1",
    ]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("''", 'must be lower-case letters, digits and dashes, no dash first or last, got ""'),
        (
            "Demo",
            'must be lower-case letters, digits and dashes, no dash first or last, got "Demo"',
        ),
        ("a.b", 'must be lower-case letters, digits and dashes, no dash first or last, got "a.b"'),
        ("a-", 'must be lower-case letters, digits and dashes, no dash first or last, got "a-"'),
        ("7", "must be a string, got 7"),
        ("a" * 41, f'must be at most 40 characters, got 41: "{"a" * 41}"'),
    ],
)
def test_a_name_that_pods_cannot_have_is_refused(name: str, fault: str) -> None:
    text = HEAD.replace("name: demo", f"name: {name}")
    assert faults(text) == [f"bad.yaml:4: metadata.name {fault}"]


def test_a_name_of_forty_characters_is_allowed() -> None:
    assert parse_run(HEAD.replace("demo", "a" * 40), "good.yaml").name == "a" * 40


def test_what_kubectl_gives_back_can_be_read() -> None:
    """`kubectl get rrun demo -o yaml` adds metadata and a status, which are no faults."""
    text = HEAD.replace("name: demo", "name: demo\n  uid: x\n  generation: 1") + "status: {a: 1}\n"
    assert parse_run(text, "good.yaml").name == "demo"


def test_a_fault_writes_nothing_to_the_terminal_but_text() -> None:
    """A key may hold what would clear a screen or forge a line."""
    assert spec_faults('  "\\e[2J\\ngood": 1\n  seed: "\\e[2J\\x85"\n') == [
        r"bad.yaml:6: spec.\x1b[2J\ngood is unknown",
        r'bad.yaml:7: spec.seed must be an integer, got "\u001b[2J\x85"',
    ]


def test_a_fault_does_not_repeat_a_whole_book() -> None:
    assert spec_faults(f"  seed: {'x' * 5000}") == [
        f'bad.yaml:6: spec.seed must be an integer, got "{"x" * 57}..."'
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["spec", "nodes", "model", "periods", "template", "metadata", "name"]
                )
                | st.text(max_size=5),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_resource_does_more_than_fault(inner: object) -> None:
    """Whatever the API server may hold: `from_mapping` gives a run or a SpecError."""
    resource = {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": {"name": "demo"},
        "spec": inner,
    }
    try:
        RunSpec.from_mapping(resource)
    except SpecError as error:
        assert all(len(fault.splitlines()) == 1 for fault in error.faults)


PLACES = Places(source="a.yaml", lines={(): 1, ("spec",): 5, ("spec", "nodes"): 7})


def test_faults_of_the_reader_are_told_with_the_others_in_the_order_of_lines() -> None:
    """What stood in the text and what the text means are one list for the user."""
    resource = {
        "apiVersion": "ringrun.dev/v1alpha1",
        "kind": "RingRun",
        "metadata": {"name": "demo"},
        "spec": {"nodes": 1},
    }
    with pytest.raises(SpecError) as caught:
        check_resource(resource, PLACES, [(("spec", "nodes"), "x"), (("spec",), "y")])
    assert caught.value.faults == (
        "a.yaml:5: y",
        "a.yaml:7: x",
        "a.yaml:7: spec.nodes must be between 2 and 512, got 1",
    )
    assert str(caught.value) == "\n".join(caught.value.faults)
