"""What `ringrun-operator` says to wrong arguments and to a kubeconfig that is none: one line."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringrun_operator.__main__ import main


@pytest.fixture(autouse=True)
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The program sets it up for its process."""
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    yield
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers


HERE = ("--namespace", "lab", "--port", "0", "--no-election")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give either --all-namespaces or --namespace"),
        (("--all-namespaces", "--namespace", "lab"), "give either --all-namespaces or --namespace"),
        (("--namespace", "lab", "--port", "99999"), "--port must be 0 to 65535, and is 99999"),
        (
            ("test", "--all-namespaces"),
            "test makes one run: give at most one --namespace, and not --all-namespaces",
        ),
        (
            ("test", "--namespace", "a", "--namespace", "b"),
            "test makes one run: give at most one --namespace, and not --all-namespaces",
        ),
        (("test", "--timeout", "-1"), "--timeout must be more than 0 seconds, got -1"),
        (("test", "--timeout", "nan"), "--timeout must be more than 0 seconds, got nan"),
        (("test", "--timeout", "inf"), "--timeout must be more than 0 seconds, got inf"),
        ((*HERE, "--log-format", "xml"), "--log-format must be one of text, json, got xml"),
        (
            (*HERE, "--log-level", "loud"),
            "--log-level must be one of debug, info, warning, error, got loud",
        ),
        ((*HERE, "--kubeconfig", "/nowhere"), "kubeconfig: no such file: /nowhere"),
    ],
)
def test_a_wrong_argument_is_one_line_and_code_2(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, and nothing is begun."""
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"ringrun-operator: {words}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "x"), "argument --port: invalid int value: 'x'"),
        (("--nosuch",), "unrecognized arguments: --nosuch"),
        (("serve",), "argument command: invalid choice: 'serve' (choose from "),
        (("--all-names",), "unrecognized arguments: --all-names"),
    ],
)
def test_what_it_does_not_take_is_one_line_too(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not a page of usage, and no guessing at shortened flags."""
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ringrun-operator: {words}")
    assert line.endswith("(ringrun-operator --help)")


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


def test_a_fault_is_a_line_of_the_log_where_that_is_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod's environment may say so: whoever reads its log reads no other lines."""
    monkeypatch.setenv("RINGRUN_LOG_FORMAT", "json")
    assert main((*HERE, "--kubeconfig", "/nowhere")) == 2
    said = capsys.readouterr()
    assert said.err == ""
    line = json.loads(said.out)
    assert (line["level"], line["message"]) == ("error", "kubeconfig: no such file: /nowhere")
    monkeypatch.setenv("RINGRUN_LOG_FORMAT", "xml")
    assert main(HERE) == 2
    assert capsys.readouterr().err.endswith("--log-format must be one of text, json, got xml\n")


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"kubernetes", "kopf", "aiohttp", "prometheus_client"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from ringrun_operator.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--all-namespaces"], 2, "is not installed; install ringrun[operator]"),
        (["test", "--namespace", "lab"], 2, "is not installed; install ringrun[operator]"),
        (["--version"], 0, "ringrun-operator "),
        (["--help"], 0, "usage: ringrun-operator "),
    ],
)
def test_without_its_extra_it_says_what_to_install(
    arguments: list[str], code: int, words: str
) -> None:
    """One line, and no traceback; help and version need nothing of it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    said = done.stderr if code else done.stdout
    assert words in said.splitlines()[0]
    assert not code or len(said.splitlines()) == 1


def test_the_help_has_defaults_and_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """In 80 columns, with examples and exit codes."""
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "(default: 8080)" in out
    assert "  ringrun-operator --all-namespaces" in out


@pytest.mark.parametrize("ports", ["", "x", "443,", "0", "443,70000"])
def test_ports_that_are_none_are_refused_in_one_line(
    ports: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is reached."""
    assert main(["--namespace", "lab", "--network-policies", ports]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--network-policies" in said


FAULTY = "imge: x\ntolerations:\n  - {key: a, tolerationSeconds: 3}\n"


def test_every_fault_in_the_defaults_is_a_line_and_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the flag as by the environment, with the lines of the file; nothing is begun."""
    file = tmp_path / "defaults.yaml"
    file.write_text(FAULTY)
    assert main((*HERE, "--defaults", str(file))) == 2
    by_flag = capsys.readouterr().err
    assert by_flag.splitlines() == [
        f"ringrun-operator: {file}:1: imge is unknown; did you mean image?",
        f"ringrun-operator: {file}:3: tolerations[0].tolerationSeconds goes with effect NoExecute "
        "alone",
    ]
    monkeypatch.setenv("RINGRUN_DEFAULTS", str(file))
    assert main(HERE) == 2
    assert capsys.readouterr().err == by_flag
    assert main((*HERE, "--defaults", str(tmp_path / "none"))) == 2
    assert capsys.readouterr().err == f"ringrun-operator: {tmp_path / 'none'}: no such file\n"
