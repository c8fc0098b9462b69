"""Series are brought in from a long table or from arrays, or refused in one line that says what to mend."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.__main__ import main
from pipelines.driver import params
from pipelines.ingest import series_sources
from tests.conftest import one_line, write_series

LONG = ["--series", "waves.csv", "--id", "who", "--time", "when", "--label", "shape"]


def init(*arguments: str, capsys: pytest.CaptureFixture) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["init", "project", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


@pytest.fixture
def frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """The series of `waves.csv`, in the folder where the test is."""
    monkeypatch.chdir(tmp_path)
    return write_series(tmp_path / "waves.csv", {"a": 9, "b": 6}, steps=6)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet", "semicolons"])
def test_every_form_of_a_long_table_gives_the_same_series(
    form: str, frame: pd.DataFrame, capsys: pytest.CaptureFixture
) -> None:
    """Packed or not, whatever separator; the settings name the columns, and only those of series are shown."""
    text = frame.to_csv(index=False)
    path = Path(f"other.{'csv' if form == 'semicolons' else form}")
    if form == "parquet":
        frame.to_parquet(path)
    elif form == "csv.gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text.replace(",", ";") if form == "semicolons" else text)
    code, said = init(*["--series", str(path)], *LONG[2:], capsys=capsys)
    assert code == 0 and "15 series of 2 classes and 2 channel(s)" in said and "steps: 6\n" in said, said
    pd.testing.assert_frame_equal(pd.read_parquet("project/data/raw/series.parquet"), frame)
    prepare = files.read_yaml(Path("project/params.yaml"))["prepare"]
    assert params.kind({"prepare": prepare}) == "series" and (prepare["id"], prepare["time"]) == ("who", "when")
    assert "length" in prepare and "image_size" not in prepare and "columns" not in prepare


def test_arrays_become_the_same_series(frame: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """x, y and ids of an .npz are what a long table says; one channel needs no axis of its own."""
    x = frame[["wave", "count"]].to_numpy().reshape(15, 6, 2)
    labels, ids = frame["shape"].to_numpy(str)[::6], frame["who"].to_numpy(str)[::6]
    np.savez("waves.npz", x=x, y=labels, id=ids, channels=np.array(["wave", "count"]), split=np.array(["train"] * 15))
    code, said = init("--series", "waves.npz", capsys=capsys)
    assert code == 0 and "splits: 15 train" in said, said
    raw = pd.read_parquet("project/data/raw/series.parquet")
    assert raw[["series", "wave", "class"]].to_numpy().tolist() == frame[["who", "wave", "shape"]].to_numpy().tolist()
    np.savez("flat.npz", x=x[:, :, 0], y=np.arange(15) % 2)
    with pytest.raises(SystemExit):
        main(["init", "flat", "--series", "flat.npz"])
    assert list(pd.read_parquet("flat/data/raw/series.parquet")) == ["series", "step", "value", "class"]


def test_several_lengths_are_said_with_what_to_set(frame: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    """The project is made, and its settings are the place to decide."""
    frame.iloc[2:].to_csv("waves.csv", index=False)
    code, said = init(*LONG, capsys=capsys)
    assert code == 0 and "steps: 4 to 6" in said and "set prepare.length, such as 6" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--series", "nowhere.csv", *LONG[2:]], "no such file"),
        (["--series", "nowhere.npz"], "no such file"),
        (["--series", "waves.csv"], "--series needs --id"),
        ([*LONG[:-2]], "--series needs --label"),
        ([*LONG, "--group", "who"], "--id and --group both name 'who'"),
        ([*LONG[:-1], "shapes"], "did you mean shape?"),
        ([*LONG, "--test", "waves.csv"], "--test goes with --table"),
        ([*LONG, "--image-size", "8"], "--image-size goes with --images"),
        (["--series", "bad.npz"], "x (n, t, c) or (n, t), and y (n,)"),
        (["--series", "bad.npz", "--label", "y"], "--label names a column, and an .npz has arrays"),
        (["--table", "waves.csv", "--label", "shape", "--time", "when"], "--time goes with --series"),
        (["--images", ".", "--id", "who"], "--id goes with --series"),
        (["--series", "two.csv", *LONG[2:]], "column 'shape' says 'a' and 'b' of the series 's-000'"),
        (["--series", "text.csv", *LONG[2:]], "column 'note' is taken for a channel and holds values such as 'x'"),
        (["--series", "time.csv", *LONG[2:]], "the time column 'when' holds 'noon'"),
        (["--series", "split.csv", *LONG[2:]], "found the split 'holdout'"),
        (["--series", "nameless.csv", *LONG[2:]], "6 row(s) name no series in 'who', the first is row 1"),
        (["--series", "none.csv", *LONG[2:]], "no channel; expected a column of numbers beside who, when, shape"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    arguments: list[str], said: str, frame: pd.DataFrame, capsys: pytest.CaptureFixture
) -> None:
    """The line names the option, or the file and the column, and nothing is written."""
    np.savez("bad.npz", x=np.zeros(3), y=np.zeros(3))
    first = frame["who"] == "s-000"
    for name, bad in {
        "two": frame.assign(shape=frame["shape"].mask(first & (frame["when"] > 0.3), "b")),
        "text": frame.assign(note="x"),
        "time": frame.assign(when=frame["when"].astype(str).mask(first, "noon")),
        "split": frame.assign(split="holdout"),
        "nameless": frame.assign(who=frame["who"].mask(first)),
        "none": frame.drop(columns=["wave", "count"]),
    }.items():
        bad.to_csv(f"{name}.csv", index=False)
    code, text = init(*arguments, capsys=capsys)
    assert code == 2 and said in text and text.count("\n") == 1, text
    assert not Path("project").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": ""}, "prepare.id is empty"),
        ({"label": ""}, "prepare.label is empty"),
        ({"time": ""}, "prepare.time is empty, and prepare.id speaks of series"),
        ({"group": "who"}, "prepare.group and prepare.id both name 'who'"),
        ({"columns": {"wave": "numeric"}}, "prepare.columns speaks of a table"),
    ],
)
def test_settings_that_contradict_each_other_are_named(change: dict, said: str, frame: pd.DataFrame) -> None:
    """Before anything runs."""
    prepare = {"id": "who", "time": "when", "label": "shape"} | change
    values = {name: {} for name in ("plan", "upscale", "pretrain", "train", "generate", "filter", "evaluate", "report")}
    assert said in one_line(lambda: params.check({"seed": 0, "prepare": prepare, **values}, demo=False))


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        (["step", "v"], "a channel is called 'step'"),
        (["class", "v"], "a channel is called 'class'"),
        (["v", "v"], "a channel is called 'v'"),
        ("acc", "expected channels of shape (2,)"),
    ],
)
def test_names_of_channels_that_cannot_be_are_refused(
    channels: object, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """They would stand for what the columns of a long table are called, or for each other."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(12, 6, 2))
    np.savez("waves.npz", x=x, y=np.repeat(["a", "b"], 6), channels=np.array(channels))
    code, text = init("--series", "waves.npz", capsys=capsys)
    assert code == 2 and said in text and text.count("\n") == 1 and not Path("project").exists()


def test_times_beyond_what_nanoseconds_hold_are_times() -> None:
    """9999-12-31 stands for "open" in many a table."""
    told = series_sources.times_of(pd.Series(["2026-01-01", "9999-12-31", None], name="when"), "here")
    days = (pd.Timestamp("9999-12-31") - pd.Timestamp("2026-01-01").as_unit("s")).days
    assert told[:2].tolist() == [0.0, days * 86_400e6] and np.isnan(told[2])
