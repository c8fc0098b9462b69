"""Rows that break a constraint are named, and never made."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from gan.constraints import Constraint, Expression, FixedCombinations, Inequality, Range, check
from gan.errors import ConstraintError
from gan.model import GAN
from gan.sample import generate
from gan.training.train import PretrainSettings, pretrain

FRAME = pd.DataFrame(
    {
        "price": [10.0, -1.0, np.nan, 5.0],
        "paid": [10.0, 2.0, 1.0, 7.0],
        "city": ["Rome", "Rome", "Oslo", None],
        "land": ["Italy", "Norway", "Norway", "Italy"],
        "unit price": [1, 2, 3, 4],
        "day": pd.to_datetime(["2024-01-01", "2024-06-01", "2025-01-01", None]),
    }
)


@pytest.mark.parametrize(
    ("constraint", "passed"),
    [
        (Range(column="price", min=0), [True, False, True, True]),
        (Range(column="price", max=5), [False, True, True, True]),
        (Range(column="day", min="2024-02-01", max="2024-12-31"), [False, True, False, True]),
        (Range(column="city", max="Paris"), [False, False, True, True]),
        (Inequality(low="price", high="paid"), [True, True, True, True]),
        (Inequality(low="price", high="paid", strict=True), [False, True, True, True]),
        (Expression(expression="paid - price <= 2"), [True, False, False, True]),
        (Expression(expression="`unit price` in [1, 2] and not city == 'Oslo'"), [True, True, False, False]),
    ],
)
def test_the_rows_that_break_a_constraint_are_found(constraint: Constraint, passed: list[bool]) -> None:
    """Bounds are included, missing values satisfy bounds and fail expressions, dates compare as dates."""
    found = check(FRAME, [constraint])
    assert found.passed.tolist() == passed
    assert found.reason.tolist() == ["" if good else str(constraint) for good in passed]


@pytest.mark.parametrize("dtype", ["float64", "Int64", "Float64"])
@pytest.mark.parametrize(
    ("expression", "passed"),
    [("x > 2", [True, False, False]), ("not x > 2", [False, True, True]), ("x != 3", [False, True, True])],
)
def test_a_missing_number_compares_alike_in_any_type(dtype: str, expression: str, passed: list[bool]) -> None:
    """As False, but by `!=`."""
    frame = pd.DataFrame({"x": pd.array([3, 1, None], dtype="Float64").astype(dtype)})
    assert check(frame, [Expression(expression=expression)]).passed.tolist() == passed


def test_only_combinations_of_the_training_rows_hold() -> None:
    """A combination that no training row has is refused, a missing value being a value of its own."""
    together = FixedCombinations(columns=["city", "land"])
    assert check(FRAME, [together], FRAME[:1]).passed.tolist() == [True, False, False, False]
    assert check(FRAME, [together], FRAME).passed.all()
    with pytest.raises(ValueError, match="needs the training rows"):
        check(FRAME, [together])


def test_the_first_broken_constraint_is_the_reason() -> None:
    """A row that breaks two is counted for the first, one that breaks none has no reason."""
    found = check(FRAME, [Range(column="price", min=0), Range(column="paid", min=3)])
    assert found.reason.tolist() == ["", "range: 0.0 <= price", "range: 3.0 <= paid", ""]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "price.__class__",
        "@price > 0",
        "[x for x in price]",
        "price[0] > 0",
        "(lambda: 1)() > 0",
        "price = 3",
        "price >",
        "sqrt(price) > 1",
    ],
)
def test_an_expression_is_nothing_but_an_expression(text: str) -> None:
    """Calls, attributes, indices, assignments and foreign names are refused before anything is computed."""
    with pytest.raises(ValidationError, match="expression"):
        Expression(expression=text)


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (Range(column="prize", min=0), "no column 'prize'"),
        (Inequality(low="price", high="cost"), "no column 'cost'"),
        (Range(column="city", min=2), "2.0 cannot be compared with 'city'"),
        (Inequality(low="city", high="price"), "cannot be compared with"),
        (Expression(expression="prize > 0"), "no column 'prize'"),
        (Expression(expression="`list price` > 0"), "no column 'list price'"),
        (Expression(expression="price + paid"), "true or false"),
        (Expression(expression="city > 3"), "cannot be computed"),
    ],
)
def test_what_cannot_be_checked_is_named(constraint: Constraint, message: str) -> None:
    """A column that is not there or an expression that gives no answer is an error of one line."""
    with pytest.raises(ValueError, match=message) as raised:
        check(FRAME, [constraint])
    assert "\n" not in str(raised.value)


def test_constraints_are_read_by_their_kind() -> None:
    """Plain values become the constraint that `kind` names; misspelt ones and a range without bounds are refused."""
    reader: TypeAdapter[Constraint] = TypeAdapter(Constraint)
    assert reader.validate_python({"kind": "range", "column": "price", "min": 0}) == Range(column="price", min=0)
    for wrong in ({"kind": "rang"}, {"kind": "range", "column": "price"}, {"kind": "range", "column": "x", "mim": 0}):
        with pytest.raises(ValidationError):
            reader.validate_python(wrong)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 100, 60)
    pairs = rng.integers(0, 3, 60)
    return pd.DataFrame(
        {
            "low": low,
            "high": low + rng.integers(0, 20, 60),
            "city": np.array(["Rome", "Oslo", "Bonn"])[pairs],
            "land": np.array(["Italy", "Norway", "Germany"])[pairs],
        }
    )


@pytest.fixture(scope="module")
def gan(rows: pd.DataFrame) -> GAN:
    return pretrain(rows, np.zeros(60, int), 1, PretrainSettings(steps=2, batch_size=8), "mlp", 4, seed=0)


ALL: list[Constraint] = [
    Inequality(low="low", high="high"),
    FixedCombinations(columns=["city", "land"]),
    Expression(expression="high - low < 15"),
]


def test_what_is_made_satisfies_the_constraints(gan: GAN, rows: pd.DataFrame) -> None:
    """As many rows as asked for come out, and every one holds; without constraints some would not."""
    seeds = np.arange(200)
    assert not check(generate(gan, rows, 0, seeds).samples, ALL, rows).passed.all()
    made = generate(gan, rows, 0, seeds, constraints=ALL)
    assert len(made.samples) == len(made.weight) == 200
    assert check(made.samples, ALL, rows).passed.all()


def test_constraints_leave_a_row_its_own_seed(gan: GAN, rows: pd.DataFrame) -> None:
    """Under constraints, too, candidate k depends on its own seed alone, and good rows stay what they were."""
    seeds = np.arange(60)
    free, bound = generate(gan, rows, 0, seeds), generate(gan, rows, 0, seeds, constraints=ALL)
    backwards = generate(gan, rows, 0, seeds[::-1], constraints=ALL)
    for left, right in zip(bound[1:], backwards[1:], strict=True):
        assert np.array_equal(left, right[::-1])
    pd.testing.assert_frame_equal(bound.samples, backwards.samples[::-1].reset_index(drop=True))
    good = check(free.samples, ALL, rows).passed
    pd.testing.assert_frame_equal(bound.samples[good], free.samples[good])


@pytest.mark.parametrize(
    "spoil", [lambda: Range(column="low", min=1000), lambda: Expression(expression="low > high + 99")]
)
def test_a_spent_budget_says_which_constraint_rejected_how_many(
    gan: GAN, rows: pd.DataFrame, spoil: Callable[[], Constraint]
) -> None:
    """What cannot be satisfied ends after the budget with one line that names the constraint and counts."""
    with pytest.raises(ConstraintError, match=r"10 of 10 rows .* 30 attempts .*rejected 30") as raised:
        generate(gan, rows, 0, np.arange(10), constraints=[spoil()], constraint_budget=3)
    assert "\n" not in str(raised.value)
