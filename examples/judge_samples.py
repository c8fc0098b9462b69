"""Are my synthetic samples worth anything? Judge samples from any generator as Tailweight judges its own.

    python examples/judge_samples.py --train train.csv --test test.csv --synthetic mine.csv --label fraud
    python examples/judge_samples.py --train train.npz --test test.npz --synthetic mine.npz
    python examples/judge_samples.py --demo

Tables are CSV or Parquet with the class in the column LABEL; arrays are .npz with `x`, images (n, h, w[, c]) uint8 or numbers
(n, ...), and `y`, (n,). The synthetic samples are of one class or several; the question is what they add, class by class, to
the best way to train without them. Choices that need unseen samples are made on `--validation`, a file of samples that the
generator has not seen; without it on some of the classes that got no synthetic samples, so that the classes in question keep
all the samples that their synthetic ones were made from. `docs/measure.md` says how that is found out.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from gan.kinds import infer_kinds
from gan.seeds import numpy_generator
from pipelines.evaluation.evaluate import evaluate
from pipelines.evaluation.inputs import Inputs
from pipelines.evaluation.settings import Settings
from pipelines.likeness import views
from pipelines.likeness.data import Pool
from pipelines.samples import IMAGES, TABLE, Samples

HELD_OUT = 0.2  # of the training samples of a class without synthetic ones


def read(path: Path, label: str | None) -> tuple[np.ndarray | pd.DataFrame, np.ndarray]:
    """Return the samples of a file and their classes as text."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            x = arrays["x"]
            return (x[..., None] if x.ndim == 3 and x.dtype == np.uint8 else x), arrays["y"].astype(str)
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    return frame.drop(columns=label), frame[label].astype(str).to_numpy()


def kind_of(values: np.ndarray | pd.DataFrame) -> str:
    """Return the kind of data: a table, images, or plain numbers."""
    if isinstance(values, pd.DataFrame):
        return TABLE
    return IMAGES if values.dtype == np.uint8 and values.ndim == 4 else "numbers"


def inputs_of(parts: dict[str, tuple[np.ndarray | pd.DataFrame, np.ndarray]], seed: int) -> Inputs:
    """Return what the evaluation works on, every synthetic sample kept.

    Where no validation samples are given they are taken from train, but not from classes with synthetic samples: these were
    made from all training samples, and would bring to one side of the comparison what the other has lost.
    """
    names = sorted(set(parts["train"][1]))
    kind = kind_of(parts["train"][0])
    columns = infer_kinds(parts["train"][0]) if kind == TABLE else {}
    labels = {name: pd.Categorical(y, categories=names).codes.astype(np.int64) for name, (_, y) in parts.items()}
    known = labels["train"]
    view = views.fit(Samples(parts["train"][0], known, np.arange(len(known)).astype(str), kind, columns))
    whole, tested, made = (view.data(parts[name][0], labels[name]) for name in ("train", "test", "synthetic"))
    aside = np.zeros(len(known), bool)
    for label in () if "validation" in parts else np.setdiff1d(known, made.y):
        rows = numpy_generator(seed, "held out", int(label)).permutation(np.flatnonzero(known == label))
        aside[rows[: max(1, round(HELD_OUT * len(rows)))]] = True
    held_out = view.data(parts["validation"][0], labels["validation"]) if "validation" in parts else whole.take(aside)
    pools = []
    for label in np.unique(made.y):
        x = made.of_class(int(label))
        ids = np.array([f"{names[label]}-{row}" for row in range(len(x))])
        unknown = np.full((len(x), 2), -1)
        pools.append(Pool(int(label), len(x), x, np.ones(len(x), bool), np.full(len(x), np.nan), ids, unknown))
    train = whole.take(~aside)
    targets = {pool.label: int((train.y == pool.label).sum()) + pool.needed for pool in pools}
    return Inputs(train, held_out, tested, tuple(names), targets, tuple(pools))


def demo() -> dict[str, tuple[np.ndarray | pd.DataFrame, np.ndarray]]:
    """Return a made table of two classes, and samples of the small one from the law that it has itself."""
    rng = np.random.default_rng(0)

    def drawn(counts: tuple[int, int]) -> tuple[pd.DataFrame, np.ndarray]:
        y = np.repeat(["common", "rare"], counts)
        x = rng.normal(size=(len(y), 6)) + 0.7 * (y == "rare")[:, None]
        return pd.DataFrame(x.round(2), columns=[f"x{number}" for number in range(6)]), y

    return {"train": drawn((400, 15)), "test": drawn((800, 200)), "synthetic": drawn((0, 200))}


def main() -> None:
    """Judge, and print one verdict for each class."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "test", "synthetic", "validation"):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE")
    parser.add_argument("--label", help="the column of the class, for tables")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--demo", action="store_true", help="judge made samples, to see what comes out")
    given = parser.parse_args()
    files = {name: getattr(given, name) for name in ("train", "test", "synthetic")}
    if not given.demo and None in files.values():
        parser.error("give --train, --test and --synthetic, or --demo")
    if given.validation:
        files["validation"] = given.validation
    parts = demo() if given.demo else {name: read(path, given.label) for name, path in files.items()}
    if "validation" not in parts and not set(parts["train"][1]) - set(parts["synthetic"][1]):
        parser.error("every class has synthetic samples: give --validation, samples that the generator has not seen")
    result = evaluate(inputs_of(parts, given.seed), Settings(), given.seed)
    print(f"judged by {result.metrics['deciding_classifier']}, in average precision on the test samples")
    for name, verdict in result.verdicts["classes"].items():
        print(f"{name}: {verdict['verdict']}")
        for reason in verdict["reasons"]:
            print(f"  {reason}")


if __name__ == "__main__":
    main()
