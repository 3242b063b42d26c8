"""What the operator's log looks like, line by line, whoever logs."""

import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from ringrun_operator import logs

CHANGED = (
    "",
    "kopf",
    "kopf.objects",
    "kubernetes",
    "kopf._cogs.clients.watching",
    "kopf._core.reactor.orchestration",
    "kopf._core.reactor.running",
    "py.warnings",
)


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is the process's."""
    loggers = [logging.getLogger(name) for name in CHANGED]
    before = [(each, each.level, [*each.handlers]) for each in loggers]
    hooks = sys.excepthook, threading.excepthook
    yield
    logging.captureWarnings(False)
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
    sys.excepthook, threading.excepthook = hooks


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    said = capsys.readouterr()
    assert said.err == ""
    return [json.loads(line) for line in said.out.splitlines()]


def test_a_line_has_time_level_logger_message_and_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The fields are those that are given, and that JSON knows."""
    logs.set_up("json", "info")
    logging.getLogger("ringrun_operator.x").warning(
        "%s/%s:\nslow", "lab", "demo", extra={"namespace": "lab", "run": "demo", "odd": object()}
    )
    (line,) = lines(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("time"))
    assert line == {
        "level": "warning",
        "logger": "ringrun_operator.x",
        "message": "lab/demo:\nslow",
        "namespace": "lab",
        "run": "demo",
    }


def test_what_others_log_is_as_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """kopf's object is told by its parts; a traceback is a field, and a warning of Python's a
    line."""
    logs.set_up("json", "info")
    about = {"kind": "Pod", "namespace": "lab", "name": "demo-s0-1", "uid": "u"}
    logging.getLogger("kopf.objects").warning("odd", extra={"k8s_ref": about, "k8s_skip": True})
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("asyncio").exception("task failed")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    kopf, asyncio_, python = lines(capsys)
    assert (kopf["kind"], kopf["namespace"], kopf["name"]) == ("Pod", "lab", "demo-s0-1")
    assert "k8s_skip" not in kopf
    assert asyncio_["exception"].startswith("Traceback ")
    assert asyncio_["exception"].endswith("ValueError: no")
    assert python["logger"] == "py.warnings"


def test_what_nobody_caught_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    """In a thread as well; an interrupt is nobody's fault."""
    logs.set_up("json", "info")

    def fail() -> None:
        raise OSError("gone")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    error = OSError("away")
    sys.excepthook(OSError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [(each["level"], each["message"]) for each in lines(capsys)] == [
        ("critical", "internal error: OSError: gone"),
        ("critical", "internal error: OSError: away"),
    ]


@pytest.mark.parametrize("form", logs.FORMATS)
@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("debug", {"ours-debug", "ours-info", "ours-warning", "ours-error", "kopf-info"}),
        ("info", {"ours-info", "ours-warning", "ours-error"}),
        ("warning", {"ours-warning", "ours-error"}),
        ("error", {"ours-error"}),
    ],
)
def test_levels_count_for_all_loggers(
    form: str, level: str, said: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """kopf tells of too much at ours, and of nothing that is below it."""
    logs.set_up(form, level)
    for name in logs.LEVELS:
        number = logging.getLevelNamesMapping()[name.upper()]
        logging.getLogger("ringrun_operator").log(number, "ours-%s", name)
        logging.getLogger("kopf").log(number, "kopf-%s", name)
    out = capsys.readouterr().out
    quiet = {f"kopf-{name}" for name in ("warning", "error")}
    expected = said | {
        each for each in quiet if logs.LEVELS.index(each[5:]) >= logs.LEVELS.index(level)
    }
    assert set(re.findall(r"(?:ours|kopf)-\w+", out)) == expected


def test_lines_for_people_are_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, which is where a pod's log comes from."""
    logs.set_up("text", "info")
    logging.getLogger("ringrun_operator.x").info("ready")
    out = capsys.readouterr().out
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO    ringrun_operator.x  ready\n", out
    )
