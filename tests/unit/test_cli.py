"""The command line: what is wrong is said in lines, nothing is started, and the code is right."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ringrun import __version__
from ringrun.cli import main
from ringrun.exit_codes import ExitCode

Refused = Callable[..., list[str]]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command line that is wrong: gives its lines, once the code is 2 and stdout empty."""

    def run(*arguments: str) -> list[str]:
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err.splitlines()

    return run


BAD = """\
apiVersion: ringrun.dev/v1alpha1
kind: RingRun
metadata:
  name: demo
spec:
  nodes: 4
  model: trian
  periods:
    sendMillis: 2000
"""


def test_every_fault_of_file_and_flags_is_a_line(refused: Refused, tmp_path: Path) -> None:
    """README.md's transcript, and flags that belong to no field."""
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    assert refused("run", str(file), "--nodes", "1", "--output", "yaml") == [
        f'{file}:7: spec.model must be one of lockstep, window, train, got "trian"; '
        "did you mean train?",
        f"{file}:9: spec.periods.sendMillis is unknown; did you mean sendMilliseconds?",
        "--nodes: spec.nodes must be between 2 and 512, got 1",
        '--output: must be one of text, json, got "yaml"',
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "rn",
            "ringrun: command must be one of run, slave, master, verify, simulate, help, "
            'completion, man, got "rn"; did you mean run?',
        ),
        ("--nodes", "ringrun: --nodes is unknown"),
        ("run --nods 3", "ringrun run: --nods is unknown; did you mean --nodes?"),
        ("run --node 3", "ringrun run: --node is unknown; did you mean --nodes?"),
        ("run a.yaml b.yaml", 'ringrun run: "b.yaml" is one argument too many'),
        ("run --send", "ringrun run: argument --send: expected one argument (ringrun run --help)"),
        ("run --nodes 0", "--nodes: spec.nodes must be between 2 and 512, got 0"),
        ("run --nodes -3", "--nodes: spec.nodes must be between 2 and 512, got -3"),
        (
            "run --send -2s",
            "--send: spec.periods.sendMilliseconds must be between 100 and 86400000, got -2000",
        ),
        (
            "run --model paxos",
            '--model: spec.model must be one of lockstep, window, train, got "paxos"',
        ),
        ("run none.yaml", "none.yaml: no such file"),
        (
            "slave 127.0.0.1",
            "ringrun slave: the following arguments are required: PORT (ringrun slave --help)",
        ),
        ("slave 127.0.0.1 0", "PORT: must be between 1 and 65535, got 0"),
        ("slave 127.0.0.1 65536", "PORT: must be between 1 and 65535, got 65536"),
        ("slave 127.0.0.1 http", 'PORT: must be an integer, got "http"'),
        (
            "master 127.0.0.1 1 -2000000 0 0",
            "SEND: spec.periods.sendMilliseconds must be between 100 and 86400000, got -2000",
        ),
        (
            "master 127.0.0.1 1 2000001 0 0",
            "SEND: must be whole milliseconds, got 2000.001 milliseconds",
        ),
        ("master 127.0.0.1 1 2s 0 0", 'SEND: must be whole microseconds, got "2s"'),
        (
            "master 127.0.0.1 1 2000000 0 -1",
            "SEED: spec.seed must be between 0 and 9223372036854775807, got -1",
        ),
        (
            "master 127.0.0.1 1 2000000 0 0 --slaves a",
            '--slaves: must be HOST:PORT,HOST:PORT,..., got "a"',
        ),
        (
            "master 127.0.0.1 1 2000000 0 0 --slaves a:1,a:1",
            '--slaves: must name each slave once, got "a:1" twice',
        ),
        (
            "master 127.0.0.1 1 2000000 0 0 --slaves a:x",
            '--slaves: must be an integer, got "x"',
        ),
        ("verify none", "none: no such folder"),
        (f"verify {'a' * 300}", f"{'a' * 300}: no such folder"),
        ("simulate --runs 0", "--runs: must be at least 1, got 0"),
        ("simulate --seed x", '--seed: must be an integer, got "x"'),
        ("simulate --nodes 1", "--nodes: spec.nodes must be between 2 and 512, got 1"),
    ],
)
def test_a_wrong_argument_is_one_line(
    refused: Refused,
    line: str,
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(*line.split()) == [fault]


def test_every_unknown_flag_is_named(refused: Refused) -> None:
    assert refused("run", "--nods", "3", "--quite") == [
        "ringrun run: --nods is unknown; did you mean --nodes?",
        "ringrun run: --quite is unknown; did you mean --quiet?",
    ]


def test_every_wrong_argument_of_a_master_is_named(refused: Refused) -> None:
    assert refused("master", "127.0.0.1", "x", "2s", "-1", "y", "--model", "z") == [
        'SEED: spec.seed must be an integer, got "y"',
        "GRACE: must be whole milliseconds, got -0.001 milliseconds",
        '--model: spec.model must be one of lockstep, window, train, got "z"',
        'PORT: must be an integer, got "x"',
        'SEND: must be whole microseconds, got "2s"',
    ]


@pytest.mark.parametrize("flag", ["--journal", "--run-dir"])
def test_a_folder_that_cannot_be_written_is_one_line(
    refused: Refused, tmp_path: Path, flag: str
) -> None:
    """A file in the way stands for every folder that cannot be made: root may write elsewhere."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "out"
    assert refused("run", flag, str(folder)) == [
        f"{flag}: {folder} must be a folder to write in: Not a directory"
    ]


def test_the_journal_of_the_environment_is_checked_like_the_flag(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RINGRUN_JOURNAL", str(tmp_path / "file"))
    assert refused("slave", "127.0.0.1", "10502") == [
        f"RINGRUN_JOURNAL: {tmp_path}/file must be a folder to write in: File exists"
    ]


def test_the_version_and_the_help_are_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ringrun {__version__}\n"
    assert main(["run", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "What the exit codes mean: ringrun --help." in shown
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {int(code)} " in shown for code in ExitCode)


def test_commands_of_the_supervisor_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    assert "_node" not in capsys.readouterr().out


def program(*arguments: str) -> list[str]:
    """The program as a user starts it, from this source tree."""
    return [sys.executable, "-m", "ringrun", *arguments]


def environment() -> dict[str, str]:
    """An environment in which the program finds this source tree."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "node")}


def test_a_reader_who_left_is_no_error() -> None:
    """`ringrun run --help | head -1`: nothing on stderr, whatever is left unsaid."""
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        program("run", "--help"),
        stdout=write,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
        timeout=60,
    )
    os.close(write)
    assert ended.stderr == b""
    assert ended.returncode in (0, 141)


def test_starting_costs_neither_yaml_nor_a_progress_bar() -> None:
    """A slave starts in a fraction of a second; what it does not need it does not load."""
    heavy = ("rich", "yaml", "asyncio", "numpy", "hypothesis")
    code = f"import sys, ringrun.cli; print(*[name for name in {heavy!r} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
        timeout=60,
    )
    assert ended.stdout == "\n"


def test_without_a_command_the_commands_are_told(refused: Refused) -> None:
    """And how to go on."""
    lines = refused()
    assert lines[0] == "ringrun: a command is missing; one of"
    assert lines[1] == "  run         a whole run on this machine, every node a process of its own"
    assert lines[-1] == "Try: ringrun help run"


def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str], refused: Refused) -> None:
    """Of all, of one, and of none that there is."""
    assert main(["help"]) == 0
    of_all = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == of_all
    assert main(["help", "run"]) == 0
    assert capsys.readouterr().out.startswith("usage: ringrun run ")
    assert refused("help", "rnu")[0].endswith('got "rnu"; did you mean run?')


def test_the_manual_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """For `man -l -`."""
    assert main(["man"]) == 0
    assert capsys.readouterr().out.startswith(".TH RINGRUN 1 ")


@pytest.mark.parametrize(
    ("stdin", "fault"),
    [
        (None, "<stdin>: is empty; give one RingRun"),
        (b"spec: [", "<stdin>:1: is not YAML: "),
        (b"a\xff", "<stdin>:1: is not UTF-8 text: byte 0xff"),
        (BAD.encode(), '<stdin>:7: spec.model must be one of lockstep, window, train, got "trian"'),
        ("closed", "<stdin>: is closed; pipe a RingRun in, or name a file"),
    ],
)
@pytest.mark.parametrize("command", ["run", "simulate"])
def test_a_run_may_come_from_stdin(command: str, stdin: bytes | str | None, fault: str) -> None:
    """With its faults placed there, one line each, exit 2."""
    call = f"import sys; from ringrun.cli import main; sys.exit(main(['{command}', '-']))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    shell = [sys.executable, "-c", call]
    if stdin == "closed":
        shell = ["sh", "-c", '"$0" "$@" <&-', *shell]
    done = subprocess.run(
        shell,
        input=stdin if isinstance(stdin, bytes) else b"",
        capture_output=True,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines()[0].startswith(fault)


def test_a_terminal_is_no_run() -> None:
    """Nobody would know what is waited for."""
    ours, theirs = os.openpty()
    call = "import sys; from ringrun.cli import main; sys.exit(main(['run', '-']))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    done = subprocess.run(
        [sys.executable, "-c", call],
        stdin=theirs,
        capture_output=True,
        env=environment,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.stderr == b"<stdin>: is a terminal; pipe a RingRun in, or name a file\n"
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("run", ""), 'FILE: must name a file, got ""'),
        (("run", "--journal", ""), '--journal: must name a folder, got ""'),
        (("run", "--run-dir", ""), '--run-dir: must name a folder, got ""'),
    ],
)
def test_nothing_is_no_name(arguments: tuple[str, ...], line: str, refused: Refused) -> None:
    """As of a variable that is not set: it must not mean the folder where one is."""
    assert refused(*arguments) == [line]
