"""How often nested cross-validation of a project errs where the truth is known, and how often it sees a real gain.

    python benchmarks/cross_validation.py --out benchmarks/cross_validation --worlds 100

In a world (a table of 12 columns from a law of its own, `make_classification`) 400 rows are of one class and 20 of another.
They are dealt to five parts as `tailweight cross-validate` deals them, once and twice over. In each part a forest is
trained on the rest in two ways, the second of which stands for the GAN's samples: with SMOTE, and with another draw of SMOTE
(A/A); with the rare rows repeated, and with these copies a little noisy (placebo); as is, and with fresh rows of the class from
the same law (real help). The differences go through the command's own arithmetic. Beside it stands the plain t test over the
parts, as if these were independent. Results are added to OUT.jsonl as they come, and a run that is started again goes on with
what is missing; OUT.md is made of them.
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
from imblearn.over_sampling import SMOTE
from results import lines
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score

from gan import seeds
from pipelines.commands import crossing
from pipelines.evaluation.intervals import wilson
from pipelines.evaluation.settings import Settings
from pipelines.stages import prepare

RICH, RARE, FRESH, FOLDS, TREES = 400, 20, 60, 5, 50
KINDS = {
    "A/A": "SMOTE, another draw of SMOTE",
    "placebo": "copies, copies with a little noise",
    "real help": f"nothing, {FRESH} fresh rows",
}
WAYS = ("the command", "plain t test")


def precision(x: np.ndarray, y: np.ndarray, asked: np.ndarray, truth: np.ndarray) -> float:
    """Return the average precision of the rare class, 1."""
    model = RandomForestClassifier(TREES, random_state=0, n_jobs=1).fit(x, y)
    return float(average_precision_score(truth, model.predict_proba(asked)[:, 1]))


def smote(x: np.ndarray, y: np.ndarray, state: int) -> np.ndarray:
    """Return SMOTE's rows."""
    made: np.ndarray = SMOTE(random_state=state % 2**32).fit_resample(x, y)[0][len(x) :]
    return made


def gains(
    x: np.ndarray, y: np.ndarray, learnt: np.ndarray, fresh: np.ndarray, seed: int
) -> dict[str, tuple[float, float]]:
    """Return for each kind the average precision without it, and what it adds, on the rows that are not `learnt`, (n,) bool."""
    rng = seeds.numpy_generator(seed, "cross-validation")
    rare = x[learnt & (y == 1)]
    wanted = int(learnt.sum()) - 2 * len(rare)
    first, second = (smote(x[learnt], y[learnt], seeds.derive(seed, name)) for name in ("first", "second"))
    copies = rare[rng.integers(len(rare), size=wanted)]
    noisy = copies + 0.05 * rare.std(0) * rng.standard_normal(copies.shape)
    pairs = {"A/A": (first, second), "placebo": (copies, noisy), "real help": (rare[:0], fresh)}

    def reached(rows: np.ndarray) -> float:
        both = np.concatenate([x[learnt], rows]), np.concatenate([y[learnt], np.ones(len(rows), int)])
        return precision(*both, x[~learnt], y[~learnt])

    return {kind: (without := reached(one), reached(other) - without) for kind, (one, other) in pairs.items()}


def world(seed: int, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Return for each kind what was found in each part."""
    shares = [RICH / (RICH + RARE + FRESH)]
    x, y = make_classification(
        4 * (RICH + RARE + FRESH), 12, n_informative=6, n_redundant=2, weights=shares, class_sep=0.8, random_state=seed
    )
    rich, rare = np.flatnonzero(y == 0)[:RICH], np.flatnonzero(y == 1)[: RARE + FRESH]
    rows = np.concatenate([rich, rare[:RARE]])
    names = pd.DataFrame({"id": rows.astype(str), "class": y[rows].astype(str), "group": ""})
    names = names.assign(name=names["id"], unit=names["id"])
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for repeat in range(repeats):
        for number, splits in enumerate(crossing.dealt(names, FOLDS, seed, repeat, prepare.Settings())):
            learnt = np.array([splits[name] != "test" for name in names["name"]])
            own = seeds.derive(seed, repeat, number)
            for kind, told in gains(x[rows], y[rows], learnt, x[rare[RARE:]], own).items():
                found[kind].append(told)
    return found


def verdicts(found: list[tuple[float, float]], settings: Settings) -> dict[str, bool]:
    """Say for each way of judging whether it says that there is a gain."""
    told = pd.DataFrame(found, columns=["without", "gain"]).assign(**{"class": "rare", "grown": True})
    (one,) = crossing.findings(told, pd.Series({"rare": RARE}), FOLDS, settings)
    gain = told["gain"].to_numpy()
    p = stats.ttest_1samp(gain, 0, alternative="greater").pvalue if gain.std() > 0 else 1.0
    plain = bool(p <= (1 - settings.confidence) / 2 and gain.mean() >= settings.min_gain)
    return {"the command": one.said == "gains", "plain t test": plain}


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return how often each way of judging says that there is a gain."""
    table = pd.DataFrame(rows)
    body = []
    for (parts, kind), own in table.groupby(["parts", "kind"], sort=False):
        cells = []
        for way in WAYS:
            hits, worlds = int(own[way].sum()), len(own)
            low, high = wilson(hits, worlds)
            cells.append(f"{hits} of {worlds} [{low:.0%}, {high:.0%}]")
        body.append([str(kind), KINDS[str(kind)], str(parts), *cells])
    return lines(["", "without, with", "parts", *WAYS], body)


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="path of the results without suffix")
    parser.add_argument("--worlds", type=int, default=100)
    given = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    store = given.out.with_suffix(".jsonl")
    done = {(row["parts"], row["seed"]) for row in results.load(store)}
    for seed, repeats in ((seed, repeats) for seed in range(given.worlds) for repeats in (1, 2)):
        if (repeats * FOLDS, seed) not in done:
            about = {"parts": repeats * FOLDS, "seed": seed}
            found = world(seed, repeats).items()
            results.add(store, [{**about, "kind": kind, **verdicts(told, Settings())} for kind, told in found])
    head = "# Nested cross-validation where the truth is known\n\n"
    command = "`python benchmarks/cross_validation.py --out benchmarks/cross_validation`. "
    said = "How often it is said that the samples add something:\n\n"
    given.out.with_suffix(".md").write_text(head + command + said + markdown(results.load(store)))


if __name__ == "__main__":
    main()
