"""Whatever comes in, it works or gets a line: tables, lists of images, settings, pictures and files of ours, made at random."""

import contextlib
import io
import json
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines import files
from pipelines.driver import lock, params
from pipelines.errors import UserError
from pipelines.evaluation import judged
from pipelines.ingest import image_sources, table_rows, table_sources
from pipelines.ingest.image_files import UnreadableImage, to_square
from pipelines.plan import Plan, slug
from pipelines.samples import cells, decisions
from tests.pipelines.test_cells import RUN

# The same inputs in every run, and few enough for seconds.
BOUNDED = settings(
    max_examples=60, derandomize=True, deadline=timedelta(seconds=120), database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PRINTED = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CELLS = st.one_of(
    WORDS,
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", "NA", "true", "2024-01-31", "01234", "+4930123456", "1e999", "=1+1", '"', "'", "a;b", "\r", "1,5"]
    ),
)


def works_or_says(call: Callable[[], Any]) -> Any:
    """Return what the call returns; None where it complains, in one line under 400 characters."""
    try:
        return call()
    except UserError as error:
        said = str(error)
        assert said and "\n" not in said and len(said) < 400, said
        return None


def in_file(name: str, content: bytes, read: Callable[[Path], Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        found = works_or_says(lambda: read(path))
        assert [one.name for one in Path(folder).iterdir()] == [name] and path.read_bytes() == content
        return found


# Tables.


@BOUNDED
@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
)
@example([["1", "a", "2"], ["2", "b", "3"]], ",", "\n")
def test_any_cells_are_a_table_or_a_line(rows: list[list[str]], mark: str, end: str) -> None:
    """Read as it is brought in and as the stage `prepare` checks it."""
    text = end.join(mark.join(row) for row in [["x", "label"], *rows])
    in_file("table.csv", text.encode(), lambda path: checked(path.parent))


def checked(folder: Path) -> None:
    frame, _ = table_rows.load(folder, "label", "")
    kinds = dict.fromkeys(frame.columns.drop("label"), "categorical")
    table_rows.check(folder, table_rows.Columns("label", "", kinds), lambda *_: None)


@BOUNDED
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_line(content: bytes) -> None:
    """Neither a CSV nor a Parquet file has to be one."""
    in_file("table.csv", content, lambda path: table_sources.read(path, ("label",)))
    in_file("table.parquet", b"PAR1" + content + b"PAR1", table_sources.read)


@BOUNDED
@given(st.lists(st.tuples(PRINTED, st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=8))
def test_a_table_that_is_exported_is_read_as_it_was(rows: list[tuple[str, float]]) -> None:
    """Marked against formulas, written and read again, text and numbers are the same."""
    frame = pd.DataFrame(rows, columns=["text", "number"])
    text = cells.marked(frame).to_csv(index=False, quoting=2)
    back = in_file("table.csv", text.encode(), lambda path: table_sources.read(path, ("text",)))
    assert back is not None and np.array_equal(back["number"].astype(float), frame["number"])
    assert [str(cell).strip() for cell in back["text"].astype(object).fillna("")] == [
        cell.strip() for cell in frame["text"]
    ]


@BOUNDED
@given(st.text(st.sampled_from("=+-@'\t\r\n;＝1A ,x|"), max_size=10))
def test_any_text_is_no_formula_and_comes_back(text: str) -> None:
    """Whatever stands before and behind what a spreadsheet would run."""
    assert cells.unmark(cells.mark(text)) == text and not RUN.search(cells.mark(text))


# Lists of images.


@BOUNDED
@given(
    st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["", "train", "test", "val", "x"]), CELLS), max_size=6),
    st.booleans(),
)
def test_any_list_of_images_is_read_or_a_line(rows: list[tuple[str, str, str, str]], quoted: bool) -> None:
    """Its records name what is wrong with them, and none that may be used lies elsewhere."""
    frame = pd.DataFrame(rows, columns=["path", "label", "split", "group"])
    text = frame.to_csv(index=False) if quoted else "\n".join(map(",".join, [frame.columns, *rows]))
    for record in in_file("list.csv", text.encode(), image_sources.scan) or []:
        assert record.problem and "\n" not in record.problem


@BOUNDED
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.zip", "a.npz"]))
def test_any_bytes_are_images_or_a_line(content: bytes, name: str) -> None:
    """A list, an archive and arrays alike."""
    in_file(name, content, lambda path: [record.content() for record in image_sources.scan(path) if not record.problem])


# Pictures.


def encoded(form: str) -> bytes:
    content = io.BytesIO()
    Image.effect_noise((12, 9), 60).save(content, form)
    return content.getvalue()


CHANGES = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6)
PICTURES = [encoded(form) for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA")]


@BOUNDED
@given(
    st.sampled_from(PICTURES),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    st.integers(0, 2000),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_picture_with_any_bytes_changed_is_a_square_or_a_reason(
    content: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    """No decoder's error goes further than the reason why the picture is set aside."""
    changed = bytearray(content)
    for place, value in changes:
        changed[place % len(changed)] = value
    try:
        assert to_square(bytes(changed[:cut]), 8, "crop").shape in ((8, 8, 1), (8, 8, 3))
    except UnreadableImage as error:
        assert str(error) and "\n" not in str(error) and len(str(error)) < 400


# Settings.

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(WORDS, st.integers()), inner, max_size=3)
    ),
    max_leaves=6,
)
DEFAULTS = params.all_values(demo=False, values={})
NAMES = [(group, key) for group, named in DEFAULTS.items() if isinstance(named, dict) for key in named]


@settings(BOUNDED, max_examples=150)
@given(st.sampled_from(NAMES), VALUES)
@example(("prepare", "labels"), {"\x7f": "\ufffe"})
def test_any_value_of_any_setting_is_taken_or_refused_in_a_line(name: tuple[str, str], value: Any) -> None:
    """What is taken is rendered, and read as it was."""
    group, key = name
    values = DEFAULTS | {group: DEFAULTS[group] | {key: value}}
    if works_or_says(lambda: params.check(values, demo=False) or True):
        text = params.render(demo=False, values=values)
        back = in_file(params.FILE, text.encode(), lambda path: params.read(path.parent))
        assert params.all_values(demo=False, values=back) == params.all_values(demo=False, values=values)


@BOUNDED
@given(st.dictionaries(WORDS, VALUES, max_size=3))
def test_any_groups_of_settings_are_taken_or_refused_in_a_line(values: dict[str, Any]) -> None:
    """A group that is none, and one that is no mapping."""
    works_or_says(lambda: params.check(values, demo=False))
    works_or_says(lambda: params.check(DEFAULTS | values, demo=False))


# Files of ours.

YAML = st.text(st.sampled_from("ab: -[]{}&*!#|>'\"%@\n\t0123.~?,"), max_size=40)


JSON = VALUES.map(lambda value: json.dumps(value, default=str).encode())


@BOUNDED
@given(st.one_of(YAML.map(str.encode), st.binary(max_size=60), JSON))
@example(b"a: 2001-99-99")
@example(b"a: &a [*a]")
@example(b"[" * 600)
@example(b"{" * 600)
def test_any_text_is_a_file_of_ours_or_a_line(content: bytes) -> None:
    """A plan, settings, JSON, a ledger, decisions; and DVC's files, damaged or not."""
    for name, read in (
        ("plan.yaml", Plan.load),
        ("params.yaml", lambda path: params.read(path.parent)),
        ("a.json", files.read_json),
        ("judged.json", judged.read),
        ("review.jsonl", decisions.read),
        ("dvc.lock", lock.is_whole),
    ):
        in_file(name, content, read)
    with contextlib.suppress(ValueError):
        lock.named(content.decode("utf-8", "replace"))


@BOUNDED
@given(st.text(max_size=60))
def test_any_class_name_is_a_safe_name_of_a_file(name: str) -> None:
    """Short, of few letters, the same every time."""
    assert set(slug(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and 0 < len(slug(name)) <= 31
    assert slug(name)[0] != "-"
