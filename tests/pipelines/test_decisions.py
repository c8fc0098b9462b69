"""The file of decisions: what stands after any number of decisions and undos."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines import files
from pipelines.errors import UserError
from pipelines.samples import Candidates
from pipelines.samples.decisions import Decisions, Line, append, digests, read


def line(sample: str, decision: str, act: str, **more: object) -> Line:
    told = {"when": "2026-01-01T00:00:00+00:00", "who": "Ada", "class": "tail", "digest": "d", **more}
    return Line.model_validate({**told, "sample": sample, "decision": decision, "act": act})


def test_the_last_decision_that_was_not_undone_stands() -> None:
    """An undo brings back the decision before; undoing that one leaves none."""
    told = [line("a", "keep", "1"), line("a", "reject", "2"), line("a", "undo", "2"), line("a", "undo", "1")]
    for count, expected in enumerate(["keep", "reject", "keep", None], 1):
        found = Decisions(told[:count]).of(("a", "d"))
        assert (found and found.decision) == expected
    assert not list(Decisions(told).acts())


def test_what_was_rejected_at_once_is_undone_at_once() -> None:
    """One act holds all its samples, and undoing it leaves the decisions before it."""
    told = [line("a", "keep", "1"), *(line(name, "reject", "2", bulk=True) for name in "ab")]
    held = Decisions(told)
    assert [one.sample for one in next(held.acts())] == ["a", "b"]
    assert held.rejected([("a", "d"), ("b", "d"), ("c", "d")]).tolist() == [True, True, False]
    after = Decisions([*told, *(line(name, "undo", "2") for name in "ab")])
    assert [(one.sample, one.decision) for one in after.lines()] == [("a", "keep")]


def test_a_decision_holds_for_the_very_sample_only() -> None:
    """Another sample under the same id is not rejected; the decision counts as outdated."""
    held = Decisions([line("a", "reject", "1")])
    assert not held.rejected([("a", "other")]).any()
    assert held.counts("tail", [("a", "other")], [])["outdated"] == 1
    assert held.counts("tail", [("a", "d")], []) == {
        "kept": 0, "rejected": 1, "reals": 0, "reals_rejected": 0, "outdated": 0, "reviewers": 1,
    }  # fmt: skip


def test_real_samples_rejected_in_bulk_say_nothing_of_the_eye() -> None:
    """Only real samples that were decided on one by one count."""
    held = Decisions([line("r", "reject", "1"), line("s", "keep", "2"), line("t", "reject", "3", bulk=True)])
    counts = held.counts("tail", [], [(name, "d") for name in "rst"])
    assert (counts["reals"], counts["reals_rejected"], counts["outdated"]) == (2, 1, 0)


def test_lines_are_added_and_read_back(tmp_path: Path) -> None:
    """What was in the file stays, byte by byte; an absent file and an empty one hold no decisions."""
    path = tmp_path / "data/review.jsonl"
    assert read(path) == []
    files.lay_empty(path)
    assert read(path) == [] and path.read_bytes() == b""
    assert append(path, [line("ä\n", "reject", "1")])[0] == 0
    before = path.read_bytes()
    start, end = append(path, [line("b", "keep", "2")])
    assert path.read_bytes()[:start] == before and path.stat().st_size == end
    files.lay_empty(path)
    assert [one.sample for one in read(path)] == ["ä\n", "b"]


@pytest.mark.parametrize("text", ["<<<<<<< HEAD", "{}", '{"sample": "a"'])
def test_a_broken_line_is_named(tmp_path: Path, text: str) -> None:
    """A conflict or half a line stops with the number of the line, and nothing is dropped in silence."""
    path = tmp_path / "review.jsonl"
    append(path, [line("a", "keep", "1")])
    path.write_text(path.read_text() + text + "\n")
    with pytest.raises(UserError, match=r"review.jsonl, line 2: not a decision .*; mend or delete"):
        read(path)


def test_a_class_name_that_has_a_line_s_end_of_unicode_is_one_line(tmp_path: Path) -> None:
    """U+0085 and U+2028 stand in text of other encodings, and end no line of the file."""
    told = [line("a", "keep", "1", **{"class": "a\x85b"}), line("b", "reject", "2", **{"class": "c\u2028d"})]
    append(tmp_path / "review.jsonl", told)
    assert read(tmp_path / "review.jsonl") == told


def test_a_digest_tells_values_apart() -> None:
    """One grey level more is another sample; the digest does not depend on which others stand beside it."""
    images = np.zeros((2, 8, 8, 1), np.uint8)
    images[1, 3, 3] = 1
    assert digests(images)[0] != digests(images)[1] == digests(images[1:])[0]


def test_a_digest_stays_when_rows_are_written_and_read(tmp_path: Path) -> None:
    """Rows with gaps, dates, categories and texts that look like numbers keep their digests through a file, and one by one."""
    frame = pd.DataFrame(
        {
            "x": [0.1, np.nan, 3.0],
            "n": pd.array([1, None, 3], "Int64"),
            "when": pd.to_datetime(["2020-01-01", None, "2021-05-05"]),
            "code": ["01", "1", None],
            "rank": pd.Categorical(["low", "high", None], ["low", "high"], ordered=True),
        }
    )
    rows = pd.DataFrame({"id": list("abc")})
    Candidates(frame, rows, "table").save(tmp_path / "one.parquet")
    once = Candidates.load(tmp_path / "one.parquet")
    once.save(tmp_path / "two.parquet")
    twice = Candidates.load(tmp_path / "two.parquet")
    assert digests(once.values) == digests(twice.values)
    assert digests(twice.values.iloc[1:2]) == digests(once.values)[1:2]
    assert len(set(digests(once.values))) == 3
