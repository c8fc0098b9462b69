"""Rows of a table keep what holds between the columns of the training rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan import checkpoint
from gan.constraints import Inequality
from gan.modalities.table import TableCodec
from gan.relations import AnyRelation, Keeper
from gan.relations.orders import Order
from gan.relations.sums import Sum
from gan.training.train import PretrainSettings, pretrain
from pipelines import files
from pipelines.driver import dag
from pipelines.errors import UserError
from pipelines.plan import ClassPlan
from pipelines.samples import TABLE, Candidates, Samples
from pipelines.stages import generate

KINDS = {"a": "integer", "b": "integer", "total": "integer", "colour": "categorical"}
TASK = ClassPlan(label="rare", index=1, train_samples=40, target=60, needed=20)
TOLD: dict[str, Any] = {"factor": 1, "seed": 0, "task": TASK, "progress": lambda *_: None}


def rows(count: int, seed: int) -> Samples:
    """(count, 4): `total` is the sum of `a` and `b`."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 90, count), "b": rng.integers(0, 90, count)})
    frame = frame.assign(total=frame["a"] + frame["b"], colour=rng.choice(["red", "blue"], count))
    labels = (np.arange(count) % 5 == 0).astype(np.int64)
    return Samples(frame, labels, np.array([f"r{seed}-{row}" for row in range(count)]), TABLE, KINDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training split, and a model of it."""
    made, train = tmp_path_factory.mktemp("generate"), rows(200, 0)
    train.save(made / "train.parquet")
    base = pretrain(train.values, train.labels, 2, PretrainSettings(steps=2, batch_size=16), "mlp", 4, seed=0)
    checkpoint.save(base, made / "model.safetensors")
    return made


def run(folder: Path, relations: str | list[AnyRelation]) -> Candidates:
    """Run the stage with these settings, and return the candidates."""
    paths = {"train": folder / "train.parquet", "model": folder / "model.safetensors"}
    paths |= {"upscaler": folder / "none", "candidates": folder / "candidates.parquet"}
    paths |= {"relations": folder / "relations.json", "manifest": folder / "none"}
    settings = generate.Settings(relations=relations)  # type: ignore[arg-type]
    generate.run(**paths, settings=settings, **TOLD)
    return Candidates.load(folder / "candidates.parquet")


def test_what_holds_in_the_training_rows_holds_in_the_candidates(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sum is found, named with the line that states it, and kept; with `[]` it is not."""
    made = run(folder, "auto").values
    assert (made["a"] + made["b"] == made["total"]).all()
    assert 'kept: a + b = total; in generate.relations: {"kind": "sum"' in capsys.readouterr().out
    loose = run(folder, []).values
    assert not (loose["a"] + loose["b"] == loose["total"]).all()


def test_how_often_a_relation_holds_is_counted(folder: Path) -> None:
    """Of the training rows, and of the candidates before and after they were mended."""
    made = run(folder, [Sum(parts=["a", "b"], total="total"), Order(low="a", high="b")])
    known, found = Samples.load(folder / "train.parquet").values, files.read_json(folder / "relations.json")
    assert found["training_rows"] == 200 and found["candidates"] == len(made) == 40
    added, ordered = found["relations"]
    assert added["relation"]["kind"] == "sum" and added["training"] == 0 < added["broken"] and added["left"] == 0
    assert ordered["training"] == (known["a"] > known["b"]).sum()
    assert ordered["left"] == (made.values["a"] > made.values["b"]).sum() <= ordered["broken"]
    run(folder, [])
    assert files.read_json(folder / "relations.json")["relations"] == []


def test_a_relation_that_was_stated_is_kept_instead(folder: Path) -> None:
    """A list replaces what is found, whether or not the training rows keep it."""
    made = run(folder, [Order(low="a", high="b")]).values
    assert (made["a"] <= made["b"]).mean() > 0.5 and not (made["a"] + made["b"] == made["total"]).all()


@pytest.mark.parametrize(
    ("relation", "said"),
    [
        (Order(low="a", high="colour"), "a <= colour: column 'colour' is categorical, expected numbers or dates"),
        (Sum(parts=["a", "colour"], total="total"), "column 'colour' is categorical, expected numbers"),
        (Order(low="a", high="z"), "there is no column 'z'; there are a, b, total, colour"),
    ],
)
def test_a_relation_that_cannot_be_asked_gets_one_line(folder: Path, relation: AnyRelation, said: str) -> None:
    """It names the setting, the relation and the column."""
    with pytest.raises(UserError) as error:
        run(folder, [relation])
    assert str(error.value).startswith("params.yaml: generate.relations: ") and "\n" not in str(error.value)
    assert said in str(error.value)


def test_only_training_rows_say_what_holds(folder: Path) -> None:
    """The stage that finds relations reads no other split; what validation and test rows break holds all the same."""
    stage = dag.stage_named("generate")
    prepared = [path for path in stage.reads.values() if path.startswith("data/prepared")]
    assert prepared == ["data/prepared/train.parquet", dag.MANIFEST]  # of which it takes attributes of training samples
    before = run(folder, "auto")
    for name in ("validation", "test"):
        other = rows(200, 1)
        Samples(other.values.assign(total=7), other.labels, other.ids, TABLE, KINDS).save(folder / f"{name}.parquet")
    after = run(folder, "auto")
    pd.testing.assert_frame_equal(before.values, after.values)
    codec = TableCodec.fit(after.values)
    assert not Keeper([Sum(parts=["a", "b"], total="total")], after.values, codec.columns).broken(after.values).any()


def test_parts_share_the_budget_of_attempts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that has bad luck in a short part is made again as often as all of them together may be; the rows are the same."""
    hard = generate.Settings(relations=[], constraints=[Inequality(low="a", high="b")], constraint_budget=4)
    made = []
    for at_once in (1, 1_000):
        monkeypatch.setattr(generate, "AT_ONCE", at_once)
        paths = {"train": folder / "train.parquet", "model": folder / "model.safetensors", "upscaler": folder / "none"}
        paths |= {"candidates": folder / "hard.parquet", "relations": folder / "hard.json", "manifest": folder / "none"}
        generate.run(**paths, settings=hard, **TOLD)
        made.append(Candidates.load(folder / "hard.parquet").values)
    pd.testing.assert_frame_equal(*made, check_exact=True)
    assert (made[0]["a"] <= made[0]["b"]).all()
