"""Pod settings for all runs, from a file: faults as of spec.template, by the file's lines."""

from pathlib import Path

import pytest

from ringrun.spec import SpecError, load_template


def test_a_file_of_settings_is_read(tmp_path: Path) -> None:
    """It has the shape of spec.template."""
    file = tmp_path / "defaults.yaml"
    file.write_text("labels: {team: a}\nslaves:\n  image: x:1\n")
    assert load_template(file) == {"labels": {"team": "a"}, "slaves": {"image": "x:1"}}


@pytest.mark.parametrize("text", ["", "# none\n", "---\n", "{}\n"])
def test_a_file_may_have_none(text: str, tmp_path: Path) -> None:
    """An administrator without wishes mounts an empty file."""
    file = tmp_path / "defaults.yaml"
    file.write_text(text)
    assert load_template(file) == {}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "imge: x\ntolerations:\n  - {key: a, tolerationSeconds: 3}\nlabels: {a: 7}\n",
            [
                "1: imge is unknown; did you mean image?",
                "3: tolerations[0].tolerationSeconds goes with effect NoExecute alone",
                "4: labels.a must be a string, got 7",
            ],
        ),
        ("- image: x\n", ["1: the file must be a mapping, got a list"]),
        ("image: x\nimage: y\n", ["2: image is given twice, first in line 1"]),
        ("a: [b", ["1: is not YAML: expected ',' or ']', but got '<stream end>'"]),
        ("a: 1\n---\nb: 1\n", ["3: must hold one document, got 2"]),
    ],
)
def test_every_fault_is_a_line(text: str, faults: list[str], tmp_path: Path) -> None:
    file = tmp_path / "defaults.yaml"
    file.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_template(file)
    assert list(caught.value.faults) == [f"{file}:{fault}" for fault in faults]


def test_a_file_that_is_none_is_a_line(tmp_path: Path) -> None:
    for file, words in (
        (tmp_path / "none", "no such file"),
        (tmp_path, "is a folder; give a file with pod settings, as spec.template has them"),
    ):
        with pytest.raises(SpecError) as caught:
            load_template(file)
        assert list(caught.value.faults) == [f"{file}: {words}"]
