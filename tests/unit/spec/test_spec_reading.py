"""What a user sees when a RingRun is wrong: each fault in a line, and none hides another."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.spec import Model, Override, RunSpec, SpecError, default_run, load_run, parse_run
from ringrun.spec.reading import parse_duration

SAMPLE = Path(__file__).parents[3] / "deploy" / "samples" / "ringrun.yaml"

HEAD = """\
apiVersion: ringrun.dev/v1alpha1
kind: RingRun
metadata:
  name: demo
spec:
"""


def faults(text: str, *overrides: Override) -> list[str]:
    """The faults of a text called bad.yaml; fails if it has none."""
    with pytest.raises(SpecError) as caught:
        parse_run(text, "bad.yaml", overrides)
    return list(caught.value.faults)


def spec_faults(spec: str) -> list[str]:
    """The faults of a spec whose first line is line 6 of the file."""
    return faults(HEAD + spec)


def flag(name: str, *path: str, text: str) -> Override:
    return Override(flag=name, path=path, text=text)


def test_every_fault_is_reported_at_once_as_the_transcript_has_it() -> None:
    """README.md, When the input is wrong: lines, suggestions, then the flags."""
    text = HEAD + "  nodes: 4\n  model: trian\n  periods:\n    sendMillis: 2000\n"
    assert faults(text, flag("--nodes", "nodes", text="1")) == [
        'bad.yaml:7: spec.model must be one of lockstep, window, train, got "trian"; '
        "did you mean train?",
        "bad.yaml:9: spec.periods.sendMillis is unknown; did you mean sendMilliseconds?",
        "--nodes: spec.nodes must be between 2 and 512, got 1",
    ]


def test_the_sample_is_the_default_run() -> None:
    """The sample says what the defaults are, so that it teaches them."""
    assert load_run(SAMPLE) == default_run()


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


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ": is empty; give one RingRun"),
        ("---\n", ": is empty; give one RingRun"),
        ("# nothing\n", ": is empty; give one RingRun"),
        ("3\n", ":1: a RingRun must be a mapping, got 3"),
        ("a: b: c\n", ":1: is not YAML: mapping values are not allowed here"),
        ("a: 1\nb: [\n", ":3: is not YAML: expected the node content, but found '<stream end>'"),
        ("a: 1\nb: \x00\n", ":2: is not YAML: special characters are not allowed"),
        ("a: 1\n---\nb: 2\n", ":3: must hold one document, got 2"),
        ("[" * 5000, ": must be at most 50 levels deep"),
        ("a: &a [*a]\n", ": must be at most 50 levels deep"),
    ],
)
def test_a_text_that_is_no_ringrun_is_one_line(text: str, fault: str) -> None:
    assert faults(text) == [f"bad.yaml{fault}"]


def test_aliases_cannot_make_a_short_text_huge() -> None:
    """The laughs: nine levels of nine aliases would be 387 million values."""
    levels = ["a0: &a0 [x]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)
    ]
    assert faults("\n".join(levels)) == ["bad.yaml: must hold at most 10000 values"]


def test_a_tag_makes_no_object() -> None:
    text = HEAD + "  seed: !!python/object/apply:os.getcwd []\n  nodes: !!python/name:os.sep x\n"
    assert faults(text) == [
        "bad.yaml:6: spec.seed must be an integer, got a list",
        'bad.yaml:7: spec.nodes cannot be read, got "x"',
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


class TestFiles:
    def test_a_missing_file_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(SpecError) as caught:
            load_run(tmp_path / "none.yaml")
        assert caught.value.faults == (f"{tmp_path}/none.yaml: no such file",)

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(SpecError) as caught:
            load_run(tmp_path)
        assert caught.value.faults == (f"{tmp_path}: is a folder; give a file with one RingRun",)

    def test_bytes_that_are_no_text_are_placed(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.yaml"
        file.write_bytes(b"kind: RingRun\nmetadata: \xff\n")
        with pytest.raises(SpecError) as caught:
            load_run(file)
        assert caught.value.faults == (f"{file}:2: is not UTF-8 text: byte 0xff",)

    def test_a_file_without_end_is_not_read_to_its_end(self) -> None:
        with pytest.raises(SpecError) as caught:
            load_run(Path("/dev/zero"))
        assert caught.value.faults == ("/dev/zero: must be at most 1048576 bytes long",)

    def test_a_byte_order_mark_is_no_part_of_the_text(self, tmp_path: Path) -> None:
        file = tmp_path / "good.yaml"
        file.write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
        assert load_run(file).name == "demo"


class TestFlags:
    def test_a_flag_wins_over_the_file_even_if_the_file_is_wrong_there(self) -> None:
        run = parse_run(HEAD + "  nodes: 1\n", "a.yaml", [flag("--nodes", "nodes", text="3")])
        assert run.nodes == 3

    def test_a_flag_makes_the_group_that_the_file_lacks(self) -> None:
        run = default_run([flag("--send", "periods", "sendMilliseconds", text="1.5s")])
        assert (run.send, run.grace) == (1.5, 1.0)

    def test_defaults_that_hang_on_the_model_follow_the_flag(self) -> None:
        run = default_run([flag("--model", "model", text="train")])
        assert (run.model, run.burst, run.window) == (Model.TRAIN, 4096, 5 * 4096)

    @pytest.mark.parametrize(
        ("override", "fault"),
        [
            (
                flag("--send", "periods", "sendMilliseconds", text="2x"),
                '--send: must be a duration such as 2s, 500ms or 1.5m, got "2x"',
            ),
            (
                flag("--send", "periods", "sendMilliseconds", text="0.5ms"),
                "--send: must be whole milliseconds, got 0.5 milliseconds",
            ),
            (
                flag("--grace", "periods", "graceMilliseconds", text="-1s"),
                "--grace: spec.periods.graceMilliseconds must be between 0 and 3600000, got -1000",
            ),
            (
                flag("--nodes", "nodes", text="four"),
                '--nodes: spec.nodes must be an integer, got "four"',
            ),
            (
                flag("--model", "model", text="tokn"),
                '--model: spec.model must be one of lockstep, window, train, got "tokn"',
            ),
        ],
    )
    def test_a_wrong_flag_is_placed_at_the_flag(self, override: Override, fault: str) -> None:
        with pytest.raises(SpecError) as caught:
            default_run([override])
        assert caught.value.faults == (fault,)

    def test_faults_of_flags_keep_their_order_and_follow_the_file(self) -> None:
        assert faults(
            HEAD + "  seed: x\n",
            flag("--send", "periods", "sendMilliseconds", text="x"),
            flag("--masters", "masters", text="0"),
        ) == [
            'bad.yaml:6: spec.seed must be an integer, got "x"',
            '--send: must be a duration such as 2s, 500ms or 1.5m, got "x"',
            "--masters: spec.masters must be between 1 and 5, got 0",
        ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2s", "2"),
        ("500ms", "0.5"),
        ("1.5s", "1.5"),
        ("2m", "120"),
        ("1h", "3600"),
        ("50us", "5e-5"),
    ],
)
def test_durations_are_exact(text: str, seconds: str) -> None:
    assert parse_duration(text) == parse_duration("1s") * type(parse_duration(text))(seconds)


@pytest.mark.parametrize("text", ["", "2", "s", "2 s", "2S", "1e3s", "2s3ms", "+2s", "٢s", "nans"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration such as"):
        parse_duration(text)


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


@given(st.text(max_size=200))
def test_no_text_does_more_than_fault(text: str) -> None:
    """Whatever is in a file: a run or lines for the user, each line one line."""
    try:
        parse_run(text, "any.yaml")
    except SpecError as error:
        assert error.faults
        assert all(fault.startswith("any.yaml") for fault in error.faults)
        assert all(len(fault.splitlines()) == 1 for fault in error.faults)


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
