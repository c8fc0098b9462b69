"""What may be a code or a date is named, what is an ordinary number is not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan.kinds import infer_kinds
from pipelines import files
from pipelines.__main__ import main
from pipelines.driver import params
from pipelines.ingest import doubts, table_rows

DAYS = pd.Series(pd.Timestamp("2019-03-01") + pd.to_timedelta(np.random.default_rng(0).integers(0, 900, 400), "D"))
DOUBTFUL: dict[str, tuple[object, str]] = {
    "joined": (DAYS.dt.strftime("%Y%m%d").astype(int), 'looks like dates, such as 2'),
    "built": (DAYS.dt.year + 3, 'looks like years, such as 20'),
    "seen": (DAYS.astype("datetime64[s]").astype(int), "looks like seconds since 1970, such as 1617494400;"),
    "seen_ms": (DAYS.astype("datetime64[ms]").astype(int), "looks like milliseconds since 1970, such as 1617494400000;"),
    "flag": (np.arange(400) % 3 == 0, "has only 0 and 1 and may be a yes or no"),
    "sex": (1 + np.arange(400) % 2, "has only 1 and 2 and may be a yes or no"),
    "branch": (np.array([101, 102, 205, 301, 307, 412])[np.arange(400) % 6], "has 6 different numbers with gaps, such as 101"),
    "merchant": (np.array([5411, 5812, 4111, 7995, 6011])[np.arange(400) ** 2 % 5], "has 3 different numbers with gaps"),
    "zipCode": (10_000 + np.arange(400) ** 2 % 97 * 501, "may be a code by its name, such as 10000"),
    "store_id": (np.arange(400) % 30, "may be a code by its name, such as 0"),
}  # fmt: skip
ORDINARY: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "children": lambda rng, n: rng.poisson(1.2, n),
    "visits": lambda rng, n: rng.negative_binomial(2, 0.1, n),
    "beats": lambda rng, n: rng.poisson(80, n),
    "age": lambda rng, n: rng.integers(18, 91, n),
    "stars": lambda rng, n: rng.integers(1, 6, n),
    "month": lambda rng, n: rng.integers(1, 13, n),
    "loan": lambda rng, n: rng.choice([500, 1000, 2000, 5000, 10_000], n),
    "price": lambda rng, n: rng.choice([99, 149, 199, 299, 999], n),
    "income": lambda rng, n: np.rint(rng.lognormal(10, 0.6, n)).astype(int),
    "gain": lambda rng, n: np.where(rng.random(n) < 0.9, 0, rng.integers(1, 99_999, n)),
    "hours": lambda rng, n: np.where(rng.random(n) < 0.5, 40, rng.integers(1, 99, n)),
    "tail": lambda rng, n: np.rint(rng.pareto(1.5, n) * 3).astype(int),
    "pressure": lambda rng, n: np.where(rng.random(n) < 0.8, rng.integers(9, 19, n) * 10, rng.integers(90, 190, n)),
    "index_of_mass": lambda rng, n: rng.integers(16, 45, n),
    "signed": lambda rng, n: rng.choice([-7, 0, 3], n),
    "area": lambda rng, n: rng.integers(1200, 3200, n),
    "phones": lambda rng, n: rng.integers(0, 5, n),
}


def lines(frame: pd.DataFrame) -> list[str]:
    return doubts.about(frame, infer_kinds(frame))


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_may_be_a_code_or_a_date_is_named(name: str) -> None:
    """One line says what it looks like and what to write; what is to be written is a kind that fits the column."""
    values, said = DOUBTFUL[name]
    frame = pd.DataFrame({name: pd.Series(values).astype(np.int64), "x": np.arange(400) / 7})
    (line,) = lines(frame)
    assert f"  {name} {said}" in line and "\n" not in line
    kind = line.split(" write ")[1].split(": ")[1].split(",")[0].strip('"')
    table_rows.conformed(frame[name], name, kind)
    assert not table_rows._misfit(frame[name], kind)
    gappy = frame.assign(**{name: frame[name].astype("Int64").mask(frame.index % 9 == 0)})
    assert lines(gappy)[0].startswith(f"  {name} ")


@pytest.mark.parametrize("count", [25, 300, 20_000])
@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_numbers_are_not_named(name: str, count: int) -> None:
    """Counts, ages, grades, amounts and measurements, few rows and many."""
    for seed in range(3):
        values = ORDINARY[name](np.random.default_rng(seed), count)
        assert lines(pd.DataFrame({name: values})) == []


def test_codes_that_hardly_recur_are_better_left_out() -> None:
    """As categories nothing would be learnt from them."""
    frame = pd.DataFrame({"phone": np.random.default_rng(0).integers(10**6, 10**7, 300).repeat(2)[:599], "x": 1.5})
    frame = pd.concat([frame.drop_duplicates("phone"), frame.iloc[:9]], ignore_index=True)
    (line,) = lines(frame)
    assert line.endswith('to leave it out write "phone": "identifier"')


def test_hundreds_of_flags_are_counted_not_listed() -> None:
    """After the first ones a line says how many more there are."""
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (50, 300))).rename(columns="f{}".format)
    assert len(lines(frame)) == doubts.SHOWN + 1 and lines(frame)[-1] == "  and 280 more"


def test_numbers_that_are_no_dates_are_not_taken_for_some() -> None:
    """The line says which value is none, and what to call the column."""
    said = table_rows._misfit(pd.Series([20240131, 20240231]), "datetime")
    assert said.startswith("has numbers not all of which are dates") and "call it integer" in said


def test_init_names_what_is_doubtful_and_takes_the_correction(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Without a doubtful column it says nothing of any; what it says to write may stand in params.yaml."""
    plain = pd.DataFrame({"age": np.arange(80) % 50, "joined": DAYS[:80].dt.strftime("%Y%m%d"), "y": ["a", "b"] * 40})
    for name, frame in (("plain", plain[["age", "y"]]), ("doubtful", plain)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        with pytest.raises(SystemExit):
            main(["init", str(tmp_path / name), "--table", str(tmp_path / f"{name}.csv"), "--label", "y"])
        said = capsys.readouterr().out
        assert ("may be something else" in said) == (name == "doubtful")
    assert "  joined looks like dates, such as 20" in said and 'write "joined": "datetime"' in said
    path = tmp_path / "doubtful" / params.FILE
    path.write_text(path.read_text().replace('"joined": "integer"', '"joined": "datetime"'))
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(tmp_path / "doubtful"), "stage", "prepare"])
    assert not ended.value.code
    assert files.read_yaml(path)["prepare"]["columns"]["joined"] == "datetime"
