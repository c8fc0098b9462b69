"""How often the gate ships where the truth is known.

    python benchmarks/gate_calibration.py --runs 100 --workers 2

A digits world takes some four minutes on one core, a table's one. Each is added to gate_calibration.jsonl as it ends; what is
there already is not run again, so that the runs can be made in several sittings.

Each run draws a new world: new splits and new minority samples. In each world five kinds of samples play the generator:

- second_smote (A/A, tables): another draw of an arm; there is nothing to gain over it.
- replay: real training samples again; whatever they bring is reweighting.
- placebo: jittered copies of the training samples.
- wrong_label, other_class (harm): samples of all classes under one label; samples of one other class under it.
- real_help: held-back real samples of the class, about 80 a class.

A run counts as `ship` when any class ships. `by gain alone` leaves out the checks for copies and labels, so that it shows
what the intervals are worth on their own. Bars: A/A, replay and placebo at most 5 of 100, harm 0, real help at least 80.
"""

import argparse
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import results
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from threadpoolctl import threadpool_limits

from gan import seeds
from pipelines.evaluation import gate, inspection, intervals
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.confirm import confirm
from pipelines.evaluation.evaluate import judge, measure, prepare
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings
from pipelines.likeness.data import Data, Pool
from pipelines.samples import IMAGES, TABLE

FEW, HELD_BACK = 10, 80
BARS = {
    "second_smote": (0, 5),
    "replay": (0, 5),
    "placebo": (0, 5),
    "wrong_label": (0, 0),
    "other_class": (0, 0),
    "real_help": (80, 100),
}


def digits_rows(seed: int) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], tuple[int, int, int] | None]:
    """scikit-learn's handwritten digits, four of ten classes rare."""
    x, y = load_digits(return_X_y=True)
    return x / 16, y, (1, 3, 5, 8), (8, 8, 1)


def hidden_rows(seed: int) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], tuple[int, int, int] | None]:
    """The digits with a square of 3 pixels a side hidden in each, as in `make demo-hard`: there is room for a gain."""
    x, y, rare, shape = digits_rows(seed)
    images = x.reshape(-1, 8, 8).copy()
    places = seeds.numpy_generator(seed, "hidden digits").integers(0, 6, (len(images), 2))
    for image, (top, left) in zip(images, places, strict=True):
        image[top : top + 3, left : left + 3] = 0
    return images.reshape(len(x), -1), y, rare, shape


def table_rows(seed: int) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], tuple[int, int, int] | None]:
    """A table of 12 columns from a known law (new in each run), two of four classes rare."""
    x, y = make_classification(
        1600, 12, n_informative=6, n_redundant=2, n_classes=4, class_sep=1.2, flip_y=0.02, random_state=seed
    )
    return x, y, (1, 3), None


def cancer_rows(seed: int) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], tuple[int, int, int] | None]:
    """The breast cancer table, 30 columns, the malignant class rare."""
    x, y = load_breast_cancer(return_X_y=True)
    return x, y, (0,), None


SETS: dict[str, Callable] = {
    "digits": digits_rows,
    "hidden_digits": hidden_rows,
    "table": table_rows,
    "cancer": cancer_rows,
}


def world(name: str, seed: int) -> tuple[Inputs, dict[int, np.ndarray]]:
    """Return a world without candidates, and the held-back real samples of each minority class.

    Half of the rows are test. Of the rest a minority class keeps 10 samples for train and 2 for validation; other classes four
    in five for train.
    """
    x, y, rare, shape = SETS[name](seed)
    x = x.astype(np.float32)
    order = seeds.numpy_generator(seed, "calibration", name).permutation(len(y))
    test, rest = order[: len(y) // 2], order[len(y) // 2 :]
    train: list[np.ndarray] = []
    validation: list[np.ndarray] = []
    spare: dict[int, np.ndarray] = {}
    for label in range(int(y.max()) + 1):
        rows = rest[y[rest] == label]
        size = FEW if label in rare else len(rows) * 4 // 5
        held = 2 if label in rare else len(rows) - size
        train.append(rows[:size])
        validation.append(rows[size : size + held])
        spare[label] = x[rows[size + held :][:HELD_BACK]]
    real, val, tested = (
        Data(x[i], y[i].astype(np.int64), shape, kind=IMAGES if shape else TABLE)
        for i in (np.concatenate(train), np.concatenate(validation), test)
    )
    targets = {label: FEW + len(spare[label]) for label in rare}
    names = tuple(f"class {c}" for c in range(int(y.max()) + 1))
    return Inputs(real, val, tested, names, targets, ()), {label: spare[label] for label in rare}


def candidates(kind: str, inputs: Inputs, label: int, spare: np.ndarray, seed: int) -> Pool:
    """Return samples of one kind in the role of the generator's: all kept, as many as are needed."""
    rng, real, size = seeds.numpy_generator(seed, kind, label), inputs.train, len(spare)
    own, other = real.of_class(label), real.x[real.y != label]
    parents = rng.integers(len(own), size=size)
    if kind == "second_smote":
        made = ARMS["smote"].build(real, {label: len(own) + size}, seeds.derive(seed, kind, label))
        x = made.data.x[len(real) :]
    elif kind == "replay":
        x = own[parents]
    elif kind == "placebo":
        noise = 0.02 * np.ptp(real.x, axis=0) if real.kind != IMAGES else 0.02
        x = own[parents] + rng.normal(0, 1, (size, own.shape[1])) * noise
        x = x if real.kind != IMAGES else np.round(np.clip(x, 0, 1) * 255) / 255
    elif kind == "wrong_label":
        x = other[rng.integers(len(other), size=size)]
    elif kind == "other_class":
        strange = real.of_class(int(rng.choice(real.y[real.y != label])))
        x = strange[rng.integers(len(strange), size=size)]
    else:
        x = spare
    row = np.flatnonzero(real.y == label)[parents] if kind in ("replay", "placebo") else np.full(size, -1)
    ids = np.array([f"{kind}-{i}" for i in range(size)])
    score, both = np.full(size, np.nan), np.column_stack([row, row])
    return Pool(label, size, x.astype(np.float32), np.ones(size, bool), score, ids, both)


def run(name: str, seed: int, kinds: list[str], settings: Settings) -> list[dict]:
    """Judge every kind of samples in one world; the baselines are trained once."""
    with threadpool_limits(1):
        inputs, spare = world(name, seed)
        study, choice = prepare(inputs, settings, seed)
        rows = []
        for kind in kinds:
            pools = tuple(candidates(kind, inputs, label, rows_, seed) for label, rows_ in spare.items())
            now = study.with_pools(pools)
            measured = measure(now, choice, settings, seed, brief=True)
            study.outcomes.update({key: outcome for key, outcome in now.outcomes.items() if not key.source})
            inspected = inspection.inspect(now.inputs, seed, tells=False)
            unchecked = {c: replace(i, copies=(0, 0), agreement=(0, 0)) for c, i in inspected.items()}
            for way, seen in (("gate", inspected), ("by gain alone", unchecked)):
                verdicts = judge(now, choice, measured, seen, settings)
                verdicts = confirm(now, choice, measured.way, verdicts, settings, seed)
                rows.append(
                    {
                        "set": name, "seed": seed, "kind": kind, "way": way, "classifier": choice.classifier,
                        "dose": measured.way.dose, "use": measured.way.use,
                        "verdict": [v.verdict for v in verdicts],
                        "gain": [rounded(v.gain.value) for v in verdicts],
                        "p": [rounded(v.p) for v in verdicts],
                    }
                )  # fmt: skip
    return rows


def rounded(value: float) -> float | None:
    """Return four digits of a figure; None where it was not measured."""
    return round(float(value), 4) if np.isfinite(value) else None


def summarise(rows: list[dict]) -> pd.DataFrame:
    """Return one row per set, kind and way: runs that shipped anything with a Wilson interval, and the mean over classes."""
    table, shown = pd.DataFrame(rows), []
    for (name, kind, way), part in table.groupby(["set", "kind", "way"]):
        shipped = [gate.SHIP in verdicts for verdicts in part["verdict"]]
        low, high = intervals.wilson(sum(shipped), len(shipped))
        least, most = BARS[kind]
        share = 100 * float(np.mean(shipped))
        verdicts, gains = part["verdict"].explode(), part["gain"].explode().astype(float)
        shown.append(
            {
                "set": name, "samples": kind, "way": way, "runs": len(shipped), "runs that shipped": sum(shipped),
                "per 100": f"{share:.0f} [{100 * low:.0f}, {100 * high:.0f}]",
                "bar": f">= {least}" if least else f"<= {most}",
                "met": "yes" if least <= share <= most else "no",
                "classes shipped": f"{(verdicts == gate.SHIP).mean():.0%}",
                "solved": f"{(verdicts == gate.SOLVED).mean():.0%}",
                "underpowered": f"{(verdicts == gate.UNDERPOWERED).mean():.0%}",
                "mean gain, where measured": f"{gains.mean():+.3f}",
            }
        )  # fmt: skip
    return pd.DataFrame(shown)


def as_markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table."""
    lines = [table.columns, ["---"] * len(table.columns), *table.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Run, and write the table beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="seed of the first run")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--sets", nargs="+", default=["hidden_digits", "table"], choices=list(SETS))
    parser.add_argument("--kinds", nargs="+", default=list(BARS), choices=list(BARS))
    parser.add_argument("--classifiers", nargs="+", default=[], help="by default those for the kind of data")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args()
    settings = Settings(classifiers=options.classifiers)
    done = {(row["set"], row["seed"]) for row in results.load(options.out)}
    jobs = [
        (name, seed, [k for k in options.kinds if "digits" not in name or k != "second_smote"], settings)
        for name in options.sets
        for seed in range(options.first, options.first + options.runs)
        if (name, seed) not in done
    ]
    calls = (joblib.delayed(run)(*job) for job in jobs)
    for rows in joblib.Parallel(options.workers, return_as="generator_unordered", verbose=5)(calls):
        results.add(options.out, rows)
    shown = as_markdown(summarise(results.load(options.out)))
    machine = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    options.out.with_suffix(".md").write_text(
        f"# How often the gate ships where the truth is known\n\n    python benchmarks/gate_calibration.py\n\n"
        f"Written on {machine}; some worlds were run elsewhere. {__doc__.split(chr(10) * 2, 3)[3].strip()}\n\n{shown}\n"
    )
    print(shown)


if __name__ == "__main__":
    main()
