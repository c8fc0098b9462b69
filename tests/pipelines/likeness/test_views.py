"""What classifiers see of a table depends on training rows alone and says where values are missing."""

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluation.arms import Training
from pipelines.evaluation.classifiers import CLASSIFIERS, COLUMNS, chosen, probabilities
from pipelines.likeness import views
from pipelines.likeness.views import MOST_CATEGORIES, TableView
from pipelines.samples import SERIES, TABLE, Samples

KINDS = {
    "age": "integer", "town": "categorical", "grade": "ordered", "seen": "datetime", "member": "boolean", "who": "identifier",
    "one": "constant",
}  # fmt: skip
TRAIN = pd.DataFrame(
    {
        "age": [10.0, 20.0, np.nan, 40.0],
        "town": ["Ulm", "Köln", None, "Ulm"],
        "grade": pd.Categorical(["low", "high", "low", None], ["low", "middle", "high"], ordered=True),
        "seen": ["2020-01-01", "2020-01-02", "2020-01-11", "2020-01-01"],
        "member": pd.array([True, False, True, True], dtype="boolean"),
        "who": ["a", "b", "c", "d"],
        "one": 1,
    }
)


def test_each_kind_becomes_what_it_means() -> None:
    """Numbers stay, gaps get the median and a flag, ranks and days count, categories get codes, names of rows are left out."""
    view = TableView.fit(TRAIN, KINDS)
    data = view.data(TRAIN, np.array([0, 1, 0, 1]))
    table = pd.DataFrame(data.x, columns=list(data.names))
    assert table["age"].tolist() == [10, 20, 20, 40] and table["age is missing"].tolist() == [0, 0, 1, 0]
    assert table["town"].tolist() == [1, 0, 2, 1]
    assert table["grade"].tolist() == [0, 2, 0, 0] and table["grade is missing"].tolist() == [0, 0, 0, 1]
    assert table["seen"].tolist() == [0, 1, 10, 0] and table["member"].tolist() == [1, 0, 1, 1]
    flagged = [name for name, flag in zip(data.names, data.categorical, strict=True) if flag]
    assert flagged == ["age is missing", "town", "grade is missing", "member"]
    assert not {"who", "one"} & set(table)


def test_other_rows_change_nothing_of_the_view() -> None:
    """A town never seen in training has the code of all others, and a gap is filled with the median of training rows."""
    other = TRAIN.assign(town="Bonn", age=[np.nan, 1000, 2000, 3000])
    view = TableView.fit(TRAIN, KINDS)
    seen = pd.DataFrame(view.rows(other), columns=list(view.data(other, np.zeros(4)).names))
    assert seen["town"].tolist() == [3] * 4 and seen["age"].iloc[0] == 20


def test_rare_categories_share_a_code() -> None:
    """However many there are, a column has a bounded number of codes, the most common ones among them."""
    words = pd.Series([f"w{min(n, 9)}" if n < 100 else f"x{n}" for n in range(1000)])
    codes = TableView.fit(words.to_frame("word"), {"word": "categorical"}).rows(words.to_frame("word"))[:, 0]
    assert len(np.unique(codes)) <= MOST_CATEGORIES + 1
    assert codes[9] == codes[50] and len(np.unique(codes[:10])) == 10


@pytest.mark.parametrize("name", [*COLUMNS, "sklearn.svm.SVC"])
def test_a_classifier_learns_from_categories(name: str) -> None:
    """A label that is one category among many, in no order, is found, and a category never seen does no harm."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=600), "town": rng.choice(list("abcdefghi"), 600)})
    y = frame["town"].isin(["b", "e", "h"]).to_numpy().astype(np.int64)
    view = TableView.fit(frame, {"x": "numeric", "town": "categorical"})
    fitted = chosen([], {"sklearn.svm.SVC": {}}, TABLE) | CLASSIFIERS
    model = fitted[name](Training(view.data(frame, y)), 0)
    assert (probabilities(model, view.rows(frame), 2).argmax(1) == y).mean() > 0.9
    assert np.isfinite(probabilities(model, view.rows(frame.assign(town="new")), 2)).all()


@pytest.mark.parametrize("form", ["%Y%m%d", "%Y-%m-%d"])
def test_dates_are_days_however_they_are_written(form: str) -> None:
    """As numbers or as text, a classifier sees the days since the first one, and where none is given."""
    days = pd.Series(pd.to_datetime(["2024-01-31", "2024-02-01", None, "2025-01-31"])).dt.strftime(form)
    frame = pd.DataFrame({"when": pd.to_numeric(days).astype("Int64") if form == "%Y%m%d" else days})
    assert TableView.fit(frame, {"when": "datetime"}).rows(frame).tolist() == [[0, 0], [1, 0], [1, 1], [366, 0]]


def test_a_series_is_seen_step_by_step() -> None:
    """All channels of the first step come first, values stay as they are, and the shape is known; none is a sample, too."""
    values = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    samples = Samples(values, np.array([0, 1]), np.array(["a", "b"]), SERIES)
    view = views.fit(samples)
    data = view.data(values, samples.labels)
    assert data.kind == SERIES and data.series_shape == (4, 3) and data.x.dtype == np.float32
    assert data.x.tolist() == [list(range(12)), list(range(12, 24))]
    assert view.rows(values[:0]).shape == (0, 12)
