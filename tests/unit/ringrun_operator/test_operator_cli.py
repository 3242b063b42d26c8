"""What `ringrun-operator` says to wrong arguments and to a kubeconfig that is none: one line."""

from pathlib import Path

import pytest

from ringrun_operator.__main__ import main

HERE = ("--namespace", "lab", "--port", "0", "--no-election")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give either --all-namespaces or --namespace"),
        (("--all-namespaces", "--namespace", "lab"), "give either --all-namespaces or --namespace"),
        (("--namespace", "lab", "--port", "99999"), "--port must be 0 to 65535, and is 99999"),
        ((*HERE, "--kubeconfig", "/nowhere"), "kubeconfig: no such file: /nowhere"),
    ],
)
def test_a_wrong_argument_is_one_line_and_code_2(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, and nothing is begun."""
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"ringrun-operator: {words}\n"


@pytest.mark.parametrize("content", ["", "{}", "a: [b", "contexts: 3", "\x00"])
def test_a_kubeconfig_that_is_none_is_one_line_and_code_2(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is named, whatever is wrong with it."""
    path = tmp_path / "config"
    path.write_text(content)
    assert main((*HERE, "--kubeconfig", str(path))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ringrun-operator: kubeconfig {path}: ")
