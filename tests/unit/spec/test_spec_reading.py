"""Files and flags: how they become one run, and how the faults of both are told."""

from pathlib import Path

import pytest
from faulty import HEAD, faults

from ringrun.spec import Model, Override, SpecError, default_run, load_run, parse_run
from ringrun.spec.reading import parse_duration

SAMPLE = Path(__file__).parents[3] / "deploy" / "samples" / "ringrun.yaml"


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
    with pytest.raises(ValueError, match="must be a duration "):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0", "0.0", "00"])
def test_zero_is_as_much_in_every_unit(text: str) -> None:
    """`--grace 0` means what it says; where 0 is too little, the field's own rule says so."""
    assert parse_duration(text) == 0
    run = default_run([flag("--grace", "periods", "graceMilliseconds", text=text)])
    assert run.grace == 0
    with pytest.raises(SpecError) as caught:
        default_run([flag("--send", "periods", "sendMilliseconds", text=text)])
    assert caught.value.faults == (
        "--send: spec.periods.sendMilliseconds must be between 100 and 86400000, got 0",
    )


@pytest.mark.parametrize("text", ["2", "1.5", "-3"])
def test_a_number_without_a_unit_is_told_the_near_ones(text: str) -> None:
    """Seconds or milliseconds: nobody can guess which was meant."""
    with pytest.raises(ValueError, match="with its unit, such as") as caught:
        parse_duration(text)
    assert str(caught.value) == (
        f'must be a duration with its unit, such as {text}s or {text}ms, got "{text}"'
    )
