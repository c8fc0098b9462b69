"""What holds between columns stands in the report in words, with how often, and as settings that can be put to use."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gan.relations import AnyRelation
from gan.relations.deciders import Decides
from gan.relations.gaps import Gap
from gan.relations.orders import Order
from gan.relations.sums import Sum
from pipelines.driver import dag, params
from pipelines.report import relations
from pipelines.report.figures import Figures
from pipelines.samples import IMAGES, TABLE
from pipelines.stages import generate
from tests.pipelines.report.world import world

SAID: list[tuple[AnyRelation, str]] = [
    (Sum(parts=["a", "b"], total="total"), "“a” + “b” = “total”"),
    (Sum(parts=["sand", "clay"], constant=100, within=0.5), "“sand” + “clay” = 100, up to 0.5"),
    (Gap(columns=["value"], flag="measured", values=["f"]), "“measured” says where “value” is missing: where it is f"),
    (
        Gap(columns=["x", "y"], flag="z", values=[None, 2], value=0.0),
        "“z” says where “x” and “y” are 0: where it is missing or 2",
    ),
    (
        Gap(columns=["x"], flag="z", values=list("abcdefgh")),
        "“z” says where “x” is missing: where it is a or b or c or d or e or f or one of 2 more",
    ),
    (Order(low="start", high="end"), "“start” is not after “end”"),
    (Order(low="start", high="end", strict=True), "“start” is before “end”"),
    (Order(low="least", high="most"), "“least” is not above “most”"),
    (Order(low="least", high="most", strict=True), "“least” is below “most”"),
    (Decides(column="education", decides=["education_num", "x", "y"]), "“education” decides “education_num”, “x” and “y”"),
]  # fmt: skip


@pytest.mark.parametrize(("relation", "said"), SAID, ids=[said for _, said in SAID])
def test_a_relation_is_said_in_words(relation: AnyRelation, said: str) -> None:
    """Each kind has a sentence, dates one of their own."""
    assert relations.in_words(relation, {"start", "end"}) == said


def found(*broken: int) -> dict[str, Any]:
    """What a class's candidates say of all relations above, each broken by so many of 50."""
    every = [
        {"relation": one.model_dump(mode="json"), "training": 2, "broken": broken[0], "left": 0} for one, _ in SAID
    ]
    return {"training_rows": 400, "candidates": 50, "relations": every}


def test_the_settings_that_are_shown_keep_the_same_relations() -> None:
    """Put into `params.yaml` they are read as what they are, and without a line one is switched off."""
    shown = relations.shown([found(3), found(4)], {"start"}, Figures())
    assert shown is not None
    values = YAML(typ="safe", pure=True).load(shown["settings"])
    assert generate.Settings(**values["generate"]).relations == [one for one, _ in SAID]
    fewer = YAML(typ="safe", pure=True).load(re.sub(r".*“least” is below.*\n", "", shown["settings"]))
    assert len(generate.Settings(**fewer["generate"]).relations) == len(SAID) - 1


def test_candidates_of_all_classes_are_added_up_and_training_rows_are_not() -> None:
    """The training rows are those of all classes, so every class has told of the same."""
    table = relations.added([found(3), found(4)])
    assert table["broken"].tolist() == [7] * len(SAID) and set(table["candidates"]) == {100}
    assert set(table["training_rows"]) == {400} and set(table["kept_by"]) == {398}


def test_the_page_lists_what_was_found(tmp_path: Path) -> None:
    """Every relation with its figures, which lie in a file beside the page, and its settings."""
    made = world(tmp_path, {"alpha": "ship", "beta": "hold"}, TABLE)
    text = made.page.read_text(encoding="utf-8")
    assert "“&lt;b&gt;town&lt;/b&gt;” decides “member”" in text and "“width” is not above “height”" in text
    table = made.figures("relations.csv")
    assert table["broken"].tolist() == [14, 6] and table["left"].tolist() == [0, 0]
    assert table["kept_by"].tolist() == [48, 47] and set(table["training_rows"]) == {48}
    row = re.search(r"“width” is not above.*?</tr>", text, re.DOTALL)
    assert row and re.findall(r"\d+", re.sub(r"<[^>]*>", " ", row[0])) == ["47", "48", "6", "80", "0"]
    block = re.search(r"<pre>(generate:.*?)</pre>", text, re.DOTALL)
    assert block
    params.group(dag.stage_named("generate"), YAML(typ="safe", pure=True).load(unescape(block[1])))


def test_a_page_without_relations_says_so_of_a_table_alone(tmp_path: Path) -> None:
    """Of images there is nothing to say."""
    for kind in ("images", "table"):
        (tmp_path / kind).mkdir()
    plain = world(tmp_path / "images", {"alpha": "hold"}, IMAGES)
    assert "between columns" not in plain.page.read_text(encoding="utf-8")
    loose = world(tmp_path / "table", {"alpha": "hold"}, TABLE)
    for path in (tmp_path / "table/candidates").iterdir():
        path.write_text('{"training_rows": 4, "candidates": 4, "relations": []}')
    assert "No relation between columns is kept" in loose.page.read_text(encoding="utf-8")
