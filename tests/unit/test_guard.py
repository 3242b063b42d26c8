"""What a command raises, and the line and the exit code that come of it."""

from collections.abc import Callable

import pytest

from ringrun.guard import guarded
from ringrun.spec import SpecError
from ringrun.streams import ReaderGoneError


def raising(error: BaseException) -> Callable[[], int]:
    """A command that meets this error."""

    def call() -> int:
        raise error

    return call


def test_the_code_of_a_command_is_the_code_of_the_program() -> None:
    assert guarded(lambda: 1, debug=False) == 1


def test_an_interrupt_of_what_has_nothing_to_tell_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guarded(raising(KeyboardInterrupt()), debug=False) == 130
    assert capsys.readouterr() == ("", "ringrun: interrupted\n")


def test_a_reader_that_has_gone_ends_a_command_and_is_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guarded(raising(ReaderGoneError()), debug=False) == 141
    assert capsys.readouterr() == ("", "")


def test_another_pipe_that_broke_is_our_own_bug(capsys: pytest.CaptureFixture[str]) -> None:
    """Only stdout's reader may go as he likes."""
    assert guarded(raising(BrokenPipeError(32, "Broken pipe")), debug=False) == 70
    assert "internal error" in capsys.readouterr().err


@pytest.mark.parametrize(("raised", "code"), [(SystemExit(0), 0), (SystemExit(2), 2)])
def test_the_parser_s_own_end_is_an_end_like_any_other(raised: SystemExit, code: int) -> None:
    """After --help and --version."""
    assert guarded(raising(raised), debug=False) == code


def test_wrong_input_found_late_looks_like_wrong_input_found_early(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A port in use is found by the slave itself: the same form."""
    error = SpecError(["127.0.0.1:10502: is in use; give another port", "b"])
    assert guarded(raising(error), debug=False) == 2
    assert capsys.readouterr().err == "127.0.0.1:10502: is in use; give another port\nb\n"


def test_our_own_bug_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(raising(KeyError("a\nb")), debug=False) == 70
    assert capsys.readouterr().err == (
        "ringrun: internal error: KeyError: 'a\\nb' (--debug shows where)\n"
    )


def test_what_the_system_refused_is_told_without_its_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guarded(raising(OSError(28, "No space left on device", "/x")), debug=False) == 70
    assert capsys.readouterr().err == (
        "ringrun: internal error: OSError: No space left on device: '/x' (--debug shows where)\n"
    )


def test_debug_shows_where_our_own_bug_is() -> None:
    with pytest.raises(KeyError):
        guarded(raising(KeyError("a")), debug=True)
