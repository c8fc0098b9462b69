"""Tables go to tensors and back without losing a type, a missing value or a grid."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gan.checkpoint import load, save
from gan.modalities.table import TableCodec, infer_kinds
from gan.model import GAN
from gan.repeats import duplicates
from gan.sample import generate
from gan.score import score
from gan.starts import Policy, Starters, neighbours
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise
from tests.gan.tables import mixed

FRAME = mixed()
CODEC = TableCodec.fit(FRAME)
LABELS = np.arange(len(FRAME)) % 2
OWN = FRAME[LABELS == 1]


@pytest.fixture(scope="module")
def gan() -> GAN:
    base = pretrain(FRAME, LABELS, 2, PretrainSettings(steps=60, batch_size=16, noise_dim=4), "auto", 4, seed=0)
    return specialise(base, OWN, 1, TrainSettings(steps=10, batch_size=16), seed=0)


def starts(count: int, codec: TableCodec = CODEC, frame: pd.DataFrame = FRAME) -> tuple[torch.Tensor, np.ndarray]:
    """Points between pairs of rows, and the pairs, (count, 2)."""
    rng = np.random.default_rng(0)
    pairs = rng.integers(len(frame), size=(count, 2))
    weight = torch.from_numpy(rng.random((count, 1, 1, 1), dtype=np.float32))
    first, second = codec.encode(frame)[pairs[:, 0]], codec.encode(frame)[pairs[:, 1]]
    return first + weight * (second - first), pairs


def test_kinds_are_those_a_reader_would_name() -> None:
    """Each column of everything is found to be what it is."""
    kinds = infer_kinds(FRAME)
    for kind, names in {
        "numeric": ["float", "float32", "price", "spent", 7],
        "integer": ["fives", "stars", "uint8", "Int64"],
        "categorical": ["category", "str", "string", "shop"],
        "ordered": ["ordered"],
        "boolean": ["bool", "boolean", "objects"],
        "datetime": ["day", "zone", "duration", "text_day"],
        "identifier": ["code"],
        "constant": ["constant", "nothing"],
    }.items():
        assert [name for name in FRAME if kinds[name] == kind] == names


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (range(50), "identifier"),
        (np.random.default_rng(0).permutation(50) + 1000, "identifier"),
        (np.arange(50) * 3, "integer"),
        (np.arange(50) // 10, "integer"),
        ([1.0, 2.0, None] * 20, "integer"),
        ([0.5] * 50, "constant"),
        ([0.5, None] * 25, "numeric"),
        ([True, None] * 25, "boolean"),
        ([f"2024-01-{day:02}" for day in range(1, 30)], "datetime"),
        (["2024-01-01", "not known"] * 20, "categorical"),
        (range(5), "integer"),
    ],
)
def test_kinds_at_the_edges(values: list[object], kind: str) -> None:
    """Running numbers are identifiers from ten rows on; few distinct numbers stay numbers; one odd text is no date."""
    assert infer_kinds(pd.DataFrame({"x": values})) == {"x": kind}


def test_a_number_named_id_is_an_identifier() -> None:
    """Distinct whole numbers with gaps are an identifier only where the name says so."""
    values = np.random.default_rng(0).choice(10**6, 50, replace=False)
    kinds = infer_kinds(pd.DataFrame({"customer_id": values, "amount": values, "total": values}))
    assert kinds == {"customer_id": "identifier", "amount": "integer", "total": "integer"}


@pytest.mark.parametrize("name", ["paid", "amount_paid", "bid", "valid", "grid", "ideal", "idle_minutes", "monkey"])
def test_a_word_that_ends_or_begins_like_id_names_no_identifier(name: str) -> None:
    """What people paid is to be learnt; `customerId`, `IDNumber` and `ID_2` are names of identifiers as before."""
    values = np.random.default_rng(0).choice(10**6, 50, replace=False)
    known = ("id", "customerId", "IDNumber", "ID_2", "Primary-Key")
    assert infer_kinds(pd.DataFrame(dict.fromkeys([name, *known], values))) == {
        name: "integer", **dict.fromkeys(known, "identifier")
    }  # fmt: skip


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_dates_that_a_person_calls_categories_are_some(zone: str | None) -> None:
    """Each comes back as the date that it was, and a missing one as missing."""
    months = pd.Series(pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", None] * 10)).dt.tz_localize(zone)
    frame = pd.DataFrame({"month": months, "y": np.arange(40) % 7})
    codec = TableCodec.fit(frame, {"month": "categorical", "y": "integer"})
    codec = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    pd.testing.assert_frame_equal(codec.decode(codec.encode(frame)), frame)


@pytest.mark.parametrize(("dtype", "top"), [("uint64", 2**64 - 1), ("int64", 2**63 - 1), ("int8", 127)])
def test_whole_numbers_stay_within_their_type(dtype: str, top: int) -> None:
    """Those near its end come back near it, not on the other side of zero."""
    numbers = np.array([top - n * (top // 300) for n in range(100)], dtype)
    frame = pd.DataFrame({"x": numbers, "y": np.arange(100) % 7})
    codec = TableCodec.fit(frame, {"x": "integer", "y": "integer"})
    back = codec.decode(codec.encode(frame))["x"]
    assert back.dtype == dtype and np.allclose(back.astype(float), numbers.astype(float), rtol=1e-4)


def test_an_identifier_whose_type_is_used_up_is_refused() -> None:
    """The line says what to do."""
    frame = pd.DataFrame({"who": np.arange(-128, -28, dtype=np.int8), "y": np.arange(100) % 7})
    with pytest.raises(ValueError, match="'who' of type int8 has no number left for new ids; turn it into text"):
        TableCodec.fit(frame, {"who": "identifier", "y": "integer"})


def test_decoding_what_was_encoded_gives_the_frame_back() -> None:
    """Every column but identifiers comes back, with its type, its missing values and its order."""
    back = CODEC.decode(CODEC.encode(FRAME))
    pd.testing.assert_frame_equal(back.drop(columns="code"), FRAME.drop(columns="code"), check_exact=False, rtol=1e-5)
    for name in ("price", "fives", "stars", "spent", "day", "uint8", "Int64"):
        pd.testing.assert_series_equal(back[name], FRAME[name], check_exact=True)


def test_the_codec_survives_json() -> None:
    """A codec written as JSON and read again is equal and encodes the same."""
    again = TableCodec.from_dict(json.loads(json.dumps(CODEC.to_dict(), allow_nan=False)))
    assert again == CODEC
    assert torch.equal(again.encode(FRAME), CODEC.encode(FRAME))


def test_settling_changes_no_real_row() -> None:
    """Real rows are on the data already, whether each is its own start or there is none."""
    x = CODEC.encode(FRAME)
    assert torch.allclose(CODEC.settle(x), x, atol=1e-5)
    assert torch.allclose(CODEC.settle(x, x), x, atol=1e-5)


def test_what_is_made_stays_on_the_data() -> None:
    """However wild the output: types, ranges, grids, levels and categories are those of the data."""
    x, _ = starts(500)
    wild = x + 5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    made = CODEC.decode(wild, x)
    pd.testing.assert_series_equal(made.dtypes, FRAME.dtypes)
    for name in ("float", "float32", "price", "fives", "uint8", "Int64", "day", "zone", "duration", "spent"):
        assert made[name].min() >= FRAME[name].min() and made[name].max() <= FRAME[name].max()
    assert (made["fives"] % 5 == 0).all()
    assert (made["price"] == made["price"].round(2)).all()
    for name in ("stars", "category", "ordered", "str", "string", "bool", "shop"):
        assert set(made[name].dropna()) <= set(FRAME[name].dropna())
    assert (made["constant"] == "k").all() and made["nothing"].isna().all()
    assert (made["spent"] == 0).mean() > 0.3  # the spike stays one
    assert not made.drop(columns=["code", "nothing"])["float32"].isna().any()  # what was never missing never is


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_days_stay_days_in_every_unit(unit: str) -> None:
    """Dates without a time of day get none, over years, and counted in nanoseconds, too."""
    rng = np.random.default_rng(0)
    days = (pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, 300), "D")).astype(f"datetime64[{unit}]")
    frame = pd.DataFrame({"day": days, "x": rng.normal(size=300)})
    codec = TableCodec.fit(frame)
    x, _ = starts(200, codec, frame)
    made = codec.decode(x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0)))["day"]
    assert (made == made.dt.normalize()).all() and made.dtype == frame["day"].dtype and made.nunique() > 150


def test_identifiers_are_new_and_say_so() -> None:
    """No synthetic row has an identifier of a real one; strings are marked, whole numbers negative."""
    frame = pd.DataFrame({"x": np.arange(30.0) ** 1.5, "row": np.arange(30), "name": [f"n{k}" for k in range(30)]})
    codec = TableCodec.fit(frame)
    assert codec.learnt == ["x"]
    made = codec.decode(codec.encode(frame))
    assert (made["row"] < 0).all() and made["row"].is_unique
    assert made["name"].str.startswith("synthetic-").all() and made["name"].is_unique


def test_categories_come_from_a_parent() -> None:
    """A category, a spike or a missing value is that of one of the two rows that a start lies between."""
    x, pairs = starts(500)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    made = CODEC.decode(x + noise, x)
    for name in ("category", "ordered", "str", "boolean", "shop", "spent", "Int64"):
        first, second = (FRAME[name].iloc[pairs[:, side]].reset_index(drop=True) for side in (0, 1))
        missing = made[name].isna()
        assert (first.isna() | second.isna())[missing].all()
        if name in ("category", "str", "boolean", "shop"):
            assert ((made[name] == first) | (made[name] == second) | missing).fillna(False).all()
    zero = (made["spent"] == 0).to_numpy()
    parents = (FRAME["spent"].to_numpy()[pairs] == 0).any(1)
    assert parents[zero].all() and zero.any()


def test_each_column_of_categories_chooses_its_own_parent() -> None:
    """Between two rows that differ in all categories, a start takes some from one and some from the other."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{k}": ["a", "b"] * 20 for k in range(4)} | {"x": rng.normal(size=40)})
    frame["gap"] = [None, "b"] * 20
    codec = TableCodec.fit(frame)
    first, second = codec.pack(frame)[:1], codec.pack(frame)[1:2]
    weight = rng.random((400, 1, 1, 1))
    start = torch.from_numpy((first + codec.weights(weight, rng) * (second - first)).astype(np.float32))
    made = codec.decode(start, start)
    taken = (made[["c0", "c1", "c2", "c3"]] == "b").to_numpy()
    assert 0.4 < taken.mean() < 0.6 and abs(np.corrcoef(taken.T)[0, 1]) < 0.2
    assert np.array_equal(made["gap"].notna(), weight.ravel() > 0.5)  # what is missing together stays so


def test_a_number_between_a_number_and_a_missing_value_is_the_number() -> None:
    """Half a number is not a number half as large: only real numbers are averaged."""
    frame = pd.DataFrame({"x": [100.0, 200.0, 300.0, np.nan] * 30})
    codec = TableCodec.fit(frame)
    first, second = codec.encode(frame)[[2]], codec.encode(frame)[[3]]
    for weight in (0.1, 0.4):
        assert codec.decode(first + weight * (second - first), first + weight * (second - first))["x"].tolist() == [
            300.0
        ]
    start = first + 0.6 * (second - first)
    assert codec.decode(start, start)["x"].isna().all()


def test_noise_moves_numbers_and_leaves_spikes_gaps_and_categories() -> None:
    """A start of noise lies off the plain one where both parents are numbers, and nowhere else."""
    rng = np.random.default_rng(0)
    spiky = np.where(rng.random(200) < 0.5, 0.0, rng.gamma(2.0, 10.0, 200))
    spiky[:20] = np.nan
    frame = pd.DataFrame({"plain": rng.normal(size=200), "spiky": spiky, "kind": list("ab") * 100})
    codec = TableCodec.fit(frame)
    starters = Starters(codec.pack(frame), np.zeros(200, int), codec, Policy(borrow=0.0, spread=0.5))
    drawn = starters.draw(0, 500, rng)
    moved = codec.decode(*2 * [starters.starts(drawn)])
    plain = codec.decode(*2 * [starters.starts(drawn._replace(noise=np.empty((500, 0))))])
    parents = frame["spiky"].to_numpy()[np.stack([drawn.reference, drawn.neighbour])]
    numbers = (parents > 0).all(0)
    assert 50 < numbers.sum() < 450
    assert (moved["plain"] != plain["plain"]).all() and (moved["spiky"] != plain["spiky"])[numbers].all()
    pd.testing.assert_frame_equal(moved.loc[~numbers, ["spiky", "kind"]], plain.loc[~numbers, ["spiky", "kind"]])
    assert moved["kind"].equals(plain["kind"]) and moved["spiky"].isna().equals(plain["spiky"].isna())


def test_the_gradient_passes_to_what_can_change() -> None:
    """Numbers and the categories of either parent get the gradient unchanged, all other categories none."""
    frame = pd.DataFrame({"x": [0.1, 0.25, 0.4, 0.7], "y": list("abca")})
    codec = TableCodec.fit(frame)
    start = (codec.encode(frame)[[0]] + codec.encode(frame)[[1]]) / 2  # between a and b
    x = start.clone().requires_grad_()
    (codec.settle(x, start) * torch.arange(1.0, 1 + codec.channels)[:, None, None]).sum().backward()
    assert x.grad is not None and x.grad.flatten().tolist() == [1.0, 2.0, 3.0, 0.0]


def test_many_categories_need_few_channels_and_rare_ones_survive() -> None:
    """Ten thousand categories are 14 channels, and each comes back, also between two rows."""
    names = np.array([f"c{k}" for k in range(10_000)])
    frame = pd.DataFrame({"c": np.concatenate([names, names[:300], names[:1]])})
    codec = TableCodec.fit(frame, {"c": "categorical"})
    assert codec.channels == 14
    assert codec.decode(codec.encode(frame))["c"].tolist() == frame["c"].tolist()
    x, pairs = starts(2000, codec, frame)
    made = codec.decode(x, x)["c"].to_numpy()
    assert (made[:, None] == frame["c"].to_numpy()[pairs]).any(1).all()
    wild = torch.randn(5000, 14, 1, 1, generator=torch.Generator().manual_seed(0))
    assert set(codec.decode(wild)["c"]) <= set(names)


def awkward_frames() -> dict[str, pd.DataFrame]:
    """Frames that break what is written for nice ones."""
    rng = np.random.default_rng(0)
    twice = mixed(40).set_index(np.zeros(40, int))
    return {
        "one row": mixed(1),
        "two rows": mixed(2),
        "index of zeros": twice,
        "only constants": pd.DataFrame({"a": ["x"] * 5, "b": [np.nan] * 5, "c": 3}),
        "huge and tiny": pd.DataFrame({"x": rng.normal(size=40) * 1e300, "y": rng.normal(size=40) * 1e-300}),
        "one value far out": pd.DataFrame({"x": [0.0] * 39 + [1e12], "y": [1.5, np.nan] * 20}),
        "names that are numbers": pd.DataFrame(rng.normal(size=(20, 3)).astype(np.float32)),
        "floats of 16 bits": pd.DataFrame({"x": rng.normal(size=50).astype(np.float16)}),
        "categories that are dates": pd.DataFrame(
            {"x": pd.Categorical(pd.to_datetime(["2020-01-01", "2021-01-01", None] * 5))}
        ),
        "mixed objects": pd.DataFrame({"x": pd.Series([1, "a", None] * 5, dtype=object)}),
        "whole objects": pd.DataFrame({"x": pd.Series([1, 2, None] * 5, dtype=object)}),
        "a whole number that is large": pd.DataFrame({"x": 2**52 + rng.integers(0, 1000, 50)}),
        "nanoseconds": pd.DataFrame({"x": pd.to_datetime(rng.integers(1, 2**60, 50))}),
        "half the values missing together": pd.DataFrame({"x": [1.5, None] * 20, "y": ["a", None] * 20}),
        "missing in training only": pd.DataFrame({"x": pd.array([True, False, None] * 9, dtype="boolean")}),
        "arrow": pd.DataFrame({"x": [1, 2, None, 700] * 9}).convert_dtypes(dtype_backend="pyarrow"),
    }


@pytest.mark.parametrize("name", awkward_frames())
def test_awkward_frames_round_trip(name: str) -> None:
    """Types, missing values and the number of rows survive any frame, by itself and between two of its rows."""
    frame = awkward_frames()[name]
    codec = TableCodec.from_dict(json.loads(json.dumps(TableCodec.fit(frame).to_dict())))
    x = codec.encode(frame)
    assert x.shape == (len(frame), codec.channels, 1, 1) and torch.isfinite(x).all()
    back = codec.decode(x)
    pd.testing.assert_series_equal(back.dtypes, frame.dtypes)
    pd.testing.assert_index_equal(back.columns, frame.columns, exact="equiv")
    kept = [column for column, kind in infer_kinds(frame).items() if kind != "identifier"]
    assert np.array_equal(back[kept].isna(), frame[kept].isna())
    between, _ = starts(100, codec, frame)
    pd.testing.assert_series_equal(codec.decode(between, between).dtypes, frame.dtypes)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.assign(x=np.where(frame.index == 3, np.inf, frame["x"])), "infinite"),
        (lambda frame: frame[:0], "0 rows"),
        (lambda frame: pd.concat([frame, frame], axis=1), "twice"),
        (lambda frame: frame.assign(x=[[1]] * len(frame)), "lists"),
        (lambda frame: frame.assign(x=pd.Series([1j, 2j] * 10)), "complex"),
    ],
)
def test_what_cannot_be_learnt_is_refused_in_one_line(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    """Infinite values, no rows, equal names and odd objects raise a ValueError that names the trouble."""
    with pytest.raises(ValueError, match=message) as raised:
        TableCodec.fit(spoil(pd.DataFrame({"x": np.arange(20.0) ** 2, "y": np.arange(20) % 3})))
    assert "\n" not in str(raised.value)


def test_other_tables_are_refused() -> None:
    """Missing and unknown columns are named, and so is a text among numbers; an unseen category is not refused."""
    with pytest.raises(ValueError, match=r"missing: \['stars'\], unknown: \['moons'\]"):
        CODEC.encode(FRAME.rename(columns={"stars": "moons"}))
    with pytest.raises(ValueError, match="'price' is numeric"):
        CODEC.encode(FRAME.assign(price="much"))
    with pytest.raises(ValueError, match="no kind"):
        TableCodec.fit(FRAME, {"float": "numeric"})
    with pytest.raises(ValueError, match="constant and has 5"):
        TableCodec.fit(FRAME[["stars"]], {"stars": "constant"})
    assert torch.isfinite(CODEC.encode(FRAME.assign(str="new", shop="new"))).all()


def test_encoding_in_blocks_is_encoding_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of the blocks does not show."""
    whole = CODEC.encode(FRAME)
    monkeypatch.setattr("gan.modalities.table.BLOCK", 7)
    assert torch.equal(CODEC.encode(FRAME), whole)


def test_a_row_is_the_same_alone_and_among_many(gan: GAN) -> None:
    """Candidate k and its score depend on its own seed alone: not on the number or the order of the others."""
    seeds = np.arange(100, 160)
    together, backwards = generate(gan, OWN, 1, seeds), generate(gan, OWN, 1, seeds[::-1])
    pd.testing.assert_frame_equal(together.samples, backwards.samples[::-1].reset_index(drop=True), check_exact=True)
    scores = score(gan, together.samples, 1)
    for row in (0, 31):
        alone = generate(gan, OWN, 1, seeds[row : row + 1])
        pd.testing.assert_frame_equal(
            alone.samples, together.samples[row : row + 1].reset_index(drop=True), check_exact=True
        )
        assert score(gan, alone.samples, 1)[0] == scores[row]
    assert generate(gan, OWN, 1, seeds[:0]).samples.dtypes.equals(FRAME.dtypes)


def test_untrained_rows_are_those_of_smote() -> None:
    """Without training or noise, numbers lie between those of the parents, which are neighbours in the class."""
    settings = PretrainSettings(steps=1, batch_size=4, starts="neighbours")
    base = pretrain(FRAME, LABELS, 2, settings, "mlp", 4, seed=0)
    base.generator.last.weight.zero_()
    base.generator.last.bias.zero_()
    made = generate(base, OWN, 1, np.arange(200))
    parents = OWN["price"].to_numpy()[np.column_stack([made.reference_index, made.neighbour_index])]
    low, high = parents.min(1) - 0.01, parents.max(1) + 0.01
    assert ((made.samples["price"] >= low) & (made.samples["price"] <= high)).all()
    table = neighbours(base.codec.pack(OWN), 5)
    assert (table[made.reference_index] == made.neighbour_index[:, None]).any(1).all()


def test_a_checkpoint_of_a_table_samples_the_same(gan: GAN, tmp_path: Path) -> None:
    """A GAN of tables that was saved and loaded makes the same rows and writes the same bytes."""
    save(gan, tmp_path / "a")
    loaded = load(tmp_path / "a")
    save(loaded, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    left, right = (generate(one, OWN, 1, np.arange(20)).samples for one in (gan, loaded))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_repeated_rows_are_found() -> None:
    """Copies of a training row and of an earlier candidate are found, missing values and new identifiers included."""
    candidates = pd.concat([FRAME[5:7], FRAME[5:6], mixed(3, seed=1)], ignore_index=True).assign(code="synthetic")
    found = duplicates(CODEC.digests(candidates), CODEC.digests(FRAME))
    assert found.training_index.tolist() == [5, 6, 5, -1, -1, -1]
    assert found.earlier_index.tolist() == [-1, -1, 0, -1, -1, -1]


def test_wrong_samples_are_refused(gan: GAN, images: np.ndarray) -> None:
    """Images for a GAN of tables, tables for one of images, and networks made for images."""
    with pytest.raises(ValueError, match="expected a data frame"):
        specialise(gan, images, 1, TrainSettings(), 0)
    with pytest.raises(ValueError, match="not made for data of kind table"):
        pretrain(FRAME, LABELS, 2, PretrainSettings(steps=1), "dcgan", 4, 0)


def test_training_with_held_out_rows_reports_their_score() -> None:
    """A table has the same history as images have, whatever kinds and codec it was given."""
    codec = TableCodec.fit(FRAME, infer_kinds(FRAME) | {"stars": "categorical"})
    settings = PretrainSettings(steps=5, batch_size=8)
    trained = pretrain(FRAME, LABELS, 2, settings, "auto", 4, 0, validation=(mixed(20, 1), LABELS[:20]), codec=codec)
    assert trained.codec is codec and trained.network == "mlp"
    assert np.isfinite(list(trained.history[-1].values())).all() and "score_held_out" in trained.history[-1]
