"""YAML as plain values and lines: what is no document, and what text can do no harm."""

import json

import pytest
import yaml
from faulty import HEAD, faults
from hypothesis import given
from hypothesis import strategies as st

from ringrun.spec import SpecError, parse_run
from ringrun.spec.text import read_text


def test_every_part_of_a_text_has_its_value_and_its_line() -> None:
    """Items of a list are parts too, by their position."""
    value, lines, found = read_text("# a\na: 1\nb:\n  c: [x,\n    true]\n", "a.yaml")
    assert value == {"a": 1, "b": {"c": ["x", True]}}
    assert lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "c", "0"): 4,
        ("b", "c", "1"): 5,
    }
    assert found == []


def test_of_a_key_that_is_given_twice_the_first_counts_and_each_other_is_a_fault() -> None:
    """Placed where it is given again: there something can be changed."""
    value, lines, found = read_text("a:\n  b: 1\n  b: 2\n", "a.yaml")
    assert value == {"a": {"b": 1}}
    [(path, text)] = found
    assert (lines[path], lines[("a", "b")]) == (3, 2)
    assert text == "a.b is given twice, first in line 2"


@pytest.mark.parametrize(
    ("text", "fault"),
    [("? [a]\n: 1\n", "RingRun has a key"), ("a: {[b]: 1}\n", "a has a key")],
)
def test_a_key_that_is_no_text_is_a_fault_of_what_holds_it(text: str, fault: str) -> None:
    _, _, found = read_text(text, "a.yaml")
    assert [words for _, words in found] == [f"{fault} that is no text"]


def test_keys_are_text_however_they_look() -> None:
    """`1` and `true` would be an integer and a boolean as values."""
    assert read_text("1: a\ntrue: b\n", "a.yaml")[0] == {"1": "a", "true": "b"}


@pytest.mark.parametrize("text", ["a: 2020-13-45\n", "a: !!int x\n", "a: !nobody 1\n"])
def test_a_value_that_cannot_be_read_is_a_fault_and_the_rest_is_read_on(text: str) -> None:
    value, _, found = read_text(text + "b: 2\n", "a.yaml")
    assert value == {"a": None, "b": 2}
    [(path, words)] = found
    assert path == ("a",)
    assert words.startswith("a cannot be read, got ")


def test_empty_documents_around_the_one_are_no_more_documents() -> None:
    """`---` at both ends is what tools write."""
    assert read_text("---\n---\na: 1\n---\n", "a.yaml")[0] == {"a": 1}


@pytest.mark.parametrize(("levels", "allowed"), [(50, True), (51, False)])
def test_nothing_is_more_than_fifty_levels_deep(levels: int, allowed: bool) -> None:
    """Of lists in lists, which have a short text and a long path."""
    text = "[" * levels + "x" + "]" * levels
    if allowed:
        assert read_text(text, "a.yaml")[2] == []
    else:
        with pytest.raises(SpecError, match=r"a.yaml: must be at most 50 levels deep"):
            read_text(text, "a.yaml")


@pytest.mark.parametrize(("values", "allowed"), [(10_000, True), (10_001, False)])
def test_nothing_has_more_than_ten_thousand_values(values: int, allowed: bool) -> None:
    """The list itself is one of them."""
    text = "[" + "1," * (values - 1) + "]"
    if allowed:
        assert len(read_text(text, "a.yaml")[0]) == values - 1
    else:
        with pytest.raises(SpecError, match=r"a.yaml: must hold at most 10000 values"):
            read_text(text, "a.yaml")


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
        ("a: 1\n---\nb: 2\n", ": must hold one RingRun, got 2 objects: no kind"),
        ("[" * 5000, ": must be at most 50 levels deep"),
        ("a: &a [*a]\n", ": must be at most 50 levels deep"),
    ],
)
def test_a_text_that_is_no_ringrun_is_one_line(text: str, fault: str) -> None:
    assert faults(text) == [f"bad.yaml{fault}"]


RUN = """\
apiVersion: ringrun.dev/v1alpha1
kind: RingRun
metadata: {name: mine}
spec: {nodes: 3}
"""
OTHER = "apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n"


def indented(text: str) -> str:
    return "- " + text.rstrip().replace("\n", "\n  ") + "\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{OTHER}---\n{RUN}", 8),
        (f"{RUN}---\n{OTHER}---\n", 4),
        (f"apiVersion: v1\nkind: List\nitems:\n{indented(OTHER)}{indented(RUN)}", 10),
        (f"apiVersion: x\nkind: RingRunList\nitems:\n{indented(RUN)}", 7),
    ],
)
def test_the_one_run_among_other_objects_is_read(text: str, line: int) -> None:
    """As kubectl takes such a file; its faults are told where they stand."""
    assert parse_run(text, "a.yaml").name == "mine"
    wrong = text.replace("nodes: 3", "nodes: 1")
    assert faults(wrong) == [f"bad.yaml:{line}: spec.nodes must be between 2 and 512, got 1"]


def test_of_two_runs_none_is_chosen() -> None:
    """They are named, so that the user can."""
    other = RUN.replace("mine", "yours").replace("{name", "{generateName")
    assert faults(f"{RUN}---\n{other}") == [
        "bad.yaml:6: must hold one RingRun, got 2: mine (line 1), yours (line 6)"
    ]


def test_a_run_that_a_cluster_gives_back_is_read() -> None:
    """With all that the API server adds, alone or in the List that `kubectl get` prints."""
    added = {
        "uid": "u",
        "resourceVersion": "3",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
    }
    found = yaml.safe_load(RUN)
    found["metadata"] |= added
    found["status"] = {"observedGeneration": -1}
    listed = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [found]}
    for text in (yaml.safe_dump(found), json.dumps(found), json.dumps(listed)):
        assert parse_run(text, "a").nodes == 3


@pytest.mark.parametrize("items", ["[]", "[null]"])
def test_a_list_with_nothing_in_it_is_empty(items: str) -> None:
    """As is a file with nothing in it."""
    text = f"apiVersion: v1\nkind: List\nitems: {items}\n"
    assert faults(text) == ["bad.yaml: is empty; give one RingRun"]


def test_a_file_without_a_run_says_what_it_holds() -> None:
    """Each kind once."""
    text = f"{OTHER}---\n{OTHER}---\nkind: Pod\n"
    assert faults(text) == ["bad.yaml: must hold one RingRun, got 3 objects: Namespace, Pod"]


def test_a_generated_name_is_made_and_the_same_each_time() -> None:
    """Five letters more, as the API server adds them."""
    text = RUN.replace("name: mine", "generateName: soak-")
    names = {parse_run(text, "a.yaml").name for _ in range(3)}
    assert len(names) == 1
    [name] = names
    assert len(name) == len("soak-") + 5
    assert name.startswith("soak-")
    assert parse_run(RUN.replace("name: mine", "generateName: x, name: y"), "a").name == "y"
    assert parse_run(RUN.replace("mine", "'', generateName: soak-"), "a").name == name


@pytest.mark.parametrize(
    ("prefix", "fault"),
    [
        ("a" * 36, "must be at most 35 characters, got 36"),
        ("Soak-", "must be lower-case letters, digits and dashes, no dash first, got"),
        ("-soak", "must be lower-case letters, digits and dashes, no dash first, got"),
        ("3", "must be a string, got 3"),
    ],
)
def test_a_prefix_that_makes_no_name_is_refused(prefix: str, fault: str) -> None:
    """By the rules of names."""
    [line] = faults(RUN.replace("name: mine", f"generateName: {prefix}"))
    assert line.startswith(f"bad.yaml:3: metadata.generateName {fault}")


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


@given(st.text(max_size=200))
def test_no_text_does_more_than_fault(text: str) -> None:
    """Whatever is in a file: a run or lines for the user, each line one line."""
    try:
        parse_run(text, "any.yaml")
    except SpecError as error:
        assert error.faults
        assert all(fault.startswith("any.yaml") for fault in error.faults)
        assert all(len(fault.splitlines()) == 1 for fault in error.faults)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n", {"x": 1, "y": 3}),
        ("a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a}\n", {"x": 1, "y": 2}),
        ("b: {<<: {x: 1}, <<: {x: 2}}\n", {"x": 2}),
        ("a: [&a {x: 1}, &c {x: 2, z: 4}]\nb: {<<: [*a, *c]}\n", {"x": 1, "z": 4}),
        ("a: [&a {x: 1}, &c {<<: *a, z: 4}]\nb: {<<: *c}\n", {"x": 1, "z": 4}),
        ("a: &a {x: {p: 1, q: 2}}\nb: {<<: *a, x: {p: 3}}\n", {"x": {"p": 3}}),
        ("b: {<<: {x: 1}}\n", {"x": 1}),
        ("b: {'<<': 1}\n", {"<<": 1}),
    ],
)
def test_merge_keys_mean_what_they_mean_to_kubectl(text: str, value: object) -> None:
    """The later of a key and a `<<` wins, of listed mappings the first; one level deep alone."""
    read, _, found = read_text(text, "a.yaml")
    assert (read["b"], found) == (value, [])


def test_what_is_merged_in_has_the_line_where_it_stands() -> None:
    """There it can be changed; a key that wins has its own line."""
    text = "a: &a\n  x: 1\n  y: 2\nb:\n  <<: *a\n  y: 3\n"
    _, lines, _ = read_text(text, "a.yaml")
    assert (lines["b", "x"], lines["b", "y"]) == (2, 6)


@pytest.mark.parametrize("text", ["b: {<<: 3}\n", "b: {<<: [3]}\n", "b: &b {x: {<<: *b}}\n"])
def test_what_cannot_be_merged_is_a_fault(text: str) -> None:
    """A value that is no mapping, and a mapping that would hold itself."""
    _, lines, found = read_text(text, "a.yaml")
    [(path, words)] = found[:1]
    assert words == f"{'.'.join(path)} must be a mapping, or a list of mappings"
    assert lines[path] == 1


def test_a_run_may_share_parts_of_itself() -> None:
    """As kubectl takes it."""
    text = HEAD + "  periods: &p {sendMilliseconds: 300}\n  detection:\n    <<: {}\n"
    assert parse_run(text, "a.yaml").send == 0.3
