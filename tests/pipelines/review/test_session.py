"""A review without its page: what is shown, what is written."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.commands.review import begin
from pipelines.errors import UserError
from pipelines.review.queue import Wanted
from pipelines.samples import Candidates, Samples
from pipelines.samples.decisions import read
from tests.pipelines.review.world import SLUG, write_project


def test_what_the_filter_kept_is_queued_with_real_samples_among_it(tmp_path: Path) -> None:
    """Forty kept samples and ten held-out ones that are shown nowhere else; candidates that were dropped are not there."""
    one = begin(write_project(tmp_path)).classes[SLUG]
    names = np.array([name for name, _ in one.keys])
    assert one.queue["real"].sum() == 10 and len(one.queue) == 50
    assert all(name.startswith("v") for name in names[one.queue["real"]])
    assert not {f"{SLUG}-000040", f"{SLUG}-000041"} & set(names)


def test_a_sample_is_shown_beside_its_reference_and_its_nearest(tmp_path: Path) -> None:
    """The values at a place of the queue are those of the sample that its key names, and of the real ones beside it."""
    project = write_project(tmp_path, kind="vectors")
    made = Candidates.load(project / f"data/synthetic/{SLUG}.parquet")
    place = {name: row for row, name in enumerate(made.rows["id"])}
    one = begin(project).classes[SLUG]
    reach = np.ptp(Samples.load(project / "data/prepared/train.parquet").values.astype(np.float32), axis=0)
    for number, (name, _) in enumerate(one.keys):
        sample, reference, nearest = (values[0] for values in one.shown(number))
        if name in place:
            assert (sample == made.values[place[name]]).all()
            assert (reference == one.own.values[one.own.ids == made.rows["reference_id"][place[name]]][0]).all()
        gaps = np.abs((one.own.values - sample) / reach).mean(1)
        assert np.abs((nearest - sample) / reach).mean() == pytest.approx(gaps.min())


def test_a_second_review_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    """The queue is the same, with the same decisions; an undo reaches back into the first review."""
    project = write_project(tmp_path)
    first = begin(project)
    first.decide(SLUG, [3], "reject")
    first.decide(SLUG, [4], "keep")
    second = begin(project)
    assert second.classes[SLUG].keys == first.classes[SLUG].keys
    assert second.decided(SLUG)[2:6].tolist() == ["", "reject", "keep", ""]
    assert (second.undo(SLUG), second.undo(SLUG), second.undo(SLUG)) == ({4: ""}, {3: ""}, {})


def test_two_reviews_of_one_project_see_each_other(tmp_path: Path) -> None:
    """What one writes the other knows at once, and undoes only its own decisions."""
    project = write_project(tmp_path)
    one, other = begin(project), begin(project)
    other.who = "Grace"
    one.decide(SLUG, [0], "reject")
    other.decide(SLUG, [1], "reject")
    assert one.decided(SLUG)[:2].tolist() == other.decided(SLUG)[:2].tolist() == ["reject", "reject"]
    assert one.undo(SLUG) == {0: ""}
    assert len(read(one.file)) == 3


def test_all_that_are_listed_are_rejected_and_brought_back(tmp_path: Path) -> None:
    """What a filter lists is rejected at once, without changing what is measured of the reviewer, and undone at once."""
    session = begin(write_project(tmp_path))
    session.decide(SLUG, [0], "keep")
    wanted = Wanted(score_to=0.5)
    numbers = session.to_reject(SLUG, wanted)
    session.decide(SLUG, numbers, "reject", bulk=True)
    assert session.to_reject(SLUG, wanted) == []
    counts = session.summary(SLUG)
    assert counts["rejected"] > 0 and counts["reals"] <= 1 and counts["reals_rejected"] == 0
    undone = session.undo(SLUG)
    assert sorted(undone) == numbers
    assert session.decided(SLUG).tolist().count("reject") == 0
    assert session.decided(SLUG)[0] == "keep"


def test_the_error_is_the_share_of_real_samples_that_were_rejected(tmp_path: Path) -> None:
    """One of ten real samples rejected: Wilson's interval around a tenth."""
    session = begin(write_project(tmp_path))
    real = np.flatnonzero(session.classes[SLUG].queue["real"]).tolist()
    session.decide(SLUG, real[:1], "reject")
    for number in real[1:]:
        session.decide(SLUG, [number], "keep")
    found = session.summary(SLUG)
    assert (found["reals"], found["reals_rejected"], found["mixed_in"]) == (10, 1, 10)
    assert found["error_low"] == pytest.approx(0.0179, abs=1e-4) and found["error_high"] == pytest.approx(
        0.4042, abs=1e-4
    )


def test_a_row_is_shown_without_what_gives_it_away(tmp_path: Path) -> None:
    """Identifiers, which are made up for synthetic rows, are not shown; cells that differ are marked."""
    session = begin(write_project(tmp_path, kind="table"))
    card = session.card(SLUG, 0)
    assert [row["name"] for row in card["rows"]] == ["<i>size</i>", "visits", "colour"]
    for row in card["rows"]:
        assert row["differs"] == [text != row["texts"][0] for text in row["texts"]]


def test_series_are_shown_as_lines_on_the_range_of_real_ones(tmp_path: Path) -> None:
    """Three series with a line for each channel, and nothing that tells which of them are real."""
    session = begin(write_project(tmp_path, kind="series"))
    card, own = session.card(SLUG, 0), session.classes[SLUG].own
    assert len(card["lines"]) == 3 and [len(channels) for channels in card["lines"]] == [2, 2, 2]
    width, height = card["size"]
    for place, (low, high) in enumerate([(0, height / 2), (height / 2, height)]):  # a lane for each channel
        reference = np.array([point.split(",") for point in card["lines"][1][place].split()], float)
        assert reference[:, 0].tolist() == pytest.approx(np.linspace(0, width, 20).tolist(), abs=0.06)
        assert low < reference[:, 1].min() and reference[:, 1].max() < high
        values = session.classes[SLUG].shown(0)[1][0, :, place]
        assert np.corrcoef(reference[:, 1], values)[0, 1] < -0.999
    assert own.kind == "series"


def test_samples_of_any_other_kind_can_be_reviewed(tmp_path: Path) -> None:
    """Vectors are shown as their numbers."""
    session = begin(write_project(tmp_path, kind="vectors"))
    assert [row["name"] for row in session.card(SLUG, 0)["rows"]] == ["0", "1", "2"]


def test_a_class_without_real_samples_to_spare_can_be_reviewed(tmp_path: Path) -> None:
    """Nothing is mixed in, and nothing is known of the error, so its interval is everything."""
    project = write_project(tmp_path)
    path = project / "data/prepared/validation.parquet"
    Samples.load(path).take(np.arange(0)).save(path)
    session = begin(project)
    assert len(session.classes[SLUG].keys) == 40
    found = session.summary(SLUG)
    assert (found["mixed_in"], found["error_low"], found["error_high"]) == (0, 0, 1)


def test_samples_of_an_earlier_data_set_are_not_reviewed(tmp_path: Path) -> None:
    """Where the reference is gone, there is one line that says what to type."""
    project = write_project(tmp_path)
    path = project / "data/prepared/train.parquet"
    Samples.load(path).take(np.arange(37)).save(path)
    with pytest.raises(UserError, match=r"'t37' is no training sample any more.*: tailweight run filter"):
        begin(project)
