"""What one stage writes the next one reads, whatever the kind of data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.samples import Candidates, Samples, Values

PICTURES = np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3)
TABLE = pd.DataFrame(
    {
        "id": [3, 1, 2],
        "image": ["a", None, "größer, \"als\"\n'1'"],
        "label": pd.Categorical(["low", "high", "low"], ["low", "middle", "high"], ordered=True),
        "value.a.b": [0.1, np.nan, -0.0],
        "seen": pd.to_datetime(["2020-01-01", "2021-02-03", None]).tz_localize("Europe/Berlin"),
        "count": pd.array([1, None, 2**60], dtype="Int64"),
        "flag": pd.array([True, None, False], dtype="boolean"),
    }
)


VECTORS = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
VALUES = {"images": PICTURES, "gray": PICTURES[..., :1], "table": TABLE, "vectors": VECTORS}


def equal(one: Values, other: Values) -> None:
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    else:
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


@pytest.mark.parametrize("kind", ["images", "gray", "table", "vectors"])
@pytest.mark.parametrize("count", [3, 1, 0])
def test_samples_come_back_as_they_were(kind: str, count: int, tmp_path: Path) -> None:
    """Values, types, labels, names and columns survive the disk, whatever the columns of a table are called."""
    columns = dict.fromkeys(TABLE, "numeric") if kind == "table" else {}
    values = VALUES[kind]
    values = (
        values if count else values.drop(columns="label") if columns else values
    )  # Parquet keeps no empty categories
    own = kind.replace("gray", "images")
    samples = Samples(values, np.array([0, 2, 1]), np.array(["a", "b", "c"]), own, columns).take(np.arange(count))
    samples.save(tmp_path / "one.parquet")
    back = Samples.load(tmp_path / "one.parquet")
    equal(samples.values, back.values)
    assert back.labels.tolist() == [0, 2, 1][:count] and back.ids.tolist() == ["a", "b", "c"][:count]
    assert dict(back.columns) == columns and back.kind == own
    back.save(tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize("kind", ["images", "table", "vectors"])
def test_candidates_come_back_as_they_were(kind: str, tmp_path: Path) -> None:
    """What is known of a candidate never mixes with the columns of the table that it belongs to."""
    rows = pd.DataFrame({"id": ["x", "y", "z"], "image.seed": [1, 2, 3], "status": ["kept", "no", "kept"]})
    values = VALUES[kind]
    Candidates(values, rows, kind).save(tmp_path / "one.parquet")
    back = Candidates.load(tmp_path / "one.parquet")
    equal(values, back.values)
    pd.testing.assert_frame_equal(rows, back.rows)
    assert back.kept.rows["id"].tolist() == ["x", "z"] and len(back.kept.values) == 2


@pytest.mark.parametrize("kind", ["images", "table", "vectors"])
def test_candidates_are_written_and_read_some_at_a_time(kind: str, tmp_path: Path) -> None:
    """All together they are those that were given; of each part those that are asked for come with the part's place."""
    rows, values = pd.DataFrame({"id": ["x", "y", "z"], "score": [0.1, 0.2, 0.3]}), VALUES[kind]
    whole = Candidates(values, rows, kind)
    with Candidates.writing(tmp_path / "parts.parquet") as write:
        for index in ([0, 1], [2]):
            write(Candidates(whole.form.take(values, np.array(index)), rows.iloc[index], kind))
    back = Candidates.load(tmp_path / "parts.parquet")
    equal(values, back.values)
    pd.testing.assert_frame_equal(rows, back.rows)
    parts = list(Candidates.parts(tmp_path / "parts.parquet", np.array([1, 2])))
    assert [(place.start, place.stop) for place, _ in parts] == [(0, 2), (2, 3)]
    assert [part.rows["id"].tolist() for _, part in parts] == [["y"], ["z"]]


def test_a_column_that_the_first_candidates_miss_has_the_type_of_the_real_ones(tmp_path: Path) -> None:
    """Flags with gaps are objects; where the first part has none at all, nothing in it says what they are."""
    frame = pd.DataFrame({"flag": pd.Series([np.nan, True, False], dtype=object)})
    real = Samples(frame, np.zeros(3, int), np.array(["a", "b", "c"]), "table", {"flag": "boolean"})
    rows = pd.DataFrame({"id": ["x"]})
    with Candidates.writing(tmp_path / "parts.parquet", real) as write:
        for row in range(3):
            write(Candidates(frame[row : row + 1].reset_index(drop=True), rows, "table"))
    assert Candidates.load(tmp_path / "parts.parquet").values["flag"].tolist() == [None, True, False]
    with Candidates.writing(tmp_path / "again.parquet", real) as write:
        for _, part in Candidates.parts(tmp_path / "parts.parquet"):
            write(part)
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "parts.parquet").read_bytes()


def test_an_interrupted_file_of_candidates_is_not_there(tmp_path: Path) -> None:
    """What was written before is left out, and nothing beside it is left behind."""
    with pytest.raises(KeyboardInterrupt), Candidates.writing(tmp_path / "parts.parquet") as write:
        write(Candidates(PICTURES, pd.DataFrame({"id": ["x", "y", "z"]})))
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
