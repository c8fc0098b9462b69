"""What one stage writes the next one reads, pictures and tables alike."""

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


def equal(one: Values, other: Values) -> None:
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    else:
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


@pytest.mark.parametrize("values", [PICTURES, PICTURES[..., :1], TABLE], ids=["colour", "gray", "table"])
@pytest.mark.parametrize("count", [3, 1, 0])
def test_samples_come_back_as_they_were(values: Values, count: int, tmp_path: Path) -> None:
    """Values, types, labels, names and kinds survive the disk, whatever the columns of a table are called."""
    kinds = dict.fromkeys(TABLE, "numeric") if isinstance(values, pd.DataFrame) else {}
    values = values if count else values.drop(columns="label") if kinds else values  # Parquet keeps no empty categories
    samples = Samples(values, np.array([0, 2, 1]), np.array(["a", "b", "c"]), kinds).take(np.arange(count))
    samples.save(tmp_path / "one.parquet")
    back = Samples.load(tmp_path / "one.parquet")
    equal(samples.values, back.values)
    assert back.labels.tolist() == [0, 2, 1][:count] and back.ids.tolist() == ["a", "b", "c"][:count]
    assert dict(back.kinds) == kinds
    back.save(tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize("values", [PICTURES, TABLE], ids=["pictures", "table"])
def test_candidates_come_back_as_they_were(values: Values, tmp_path: Path) -> None:
    """What is known of a candidate never mixes with the columns of the table that it belongs to."""
    rows = pd.DataFrame({"id": ["x", "y", "z"], "image.seed": [1, 2, 3], "status": ["kept", "no", "kept"]})
    Candidates(values, rows).save(tmp_path / "one.parquet")
    back = Candidates.load(tmp_path / "one.parquet")
    equal(values, back.values)
    pd.testing.assert_frame_equal(rows, back.rows)
    assert back.kept.rows["id"].tolist() == ["x", "z"] and len(back.kept.values) == 2
