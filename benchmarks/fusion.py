"""What a generator that learns from the rich classes adds where these are many: the glyphs of type faces, ten cut to 5 samples.

    python benchmarks/fonts.py DIR
    python benchmarks/fusion.py --data DIR --out benchmarks/fusion --worlds 0 1 2

A world is a draw of type faces for test and of samples for train and validation. A family and all that share its first word
(Averia Sans, Averia Serif) lie on one side. Of the ten glyphs 4 samples are trained on and 1 is held out, of the others 48 and
12. The reference is the reference network in the style `REFERENCE`. An arm adds samples from one source, which take half of the
draws of their class. `real` are held-back real samples, the most that 40 more can bring. Results are added to OUT.jsonl as they
come; a run that is started again goes on. OUT.md is the table. On one core a world takes about 8 minutes of processor time.

What was found in worlds 0 to 4 is checked in worlds 5 to 12, which nobody had looked at when this was fixed:

    python benchmarks/fusion.py --data DIR --out benchmarks/fusion_fixed --worlds 5 6 7 8 9 10 11 12
        --sources moments_everywhere everywhere --styles balanced balanced_wide

Training earns its place if `everywhere` is above `moments_everywhere` beyond doubt (95 % by Student's t over the 8 worlds), and
samples for every class do if `everywhere` is above the better of both references likewise. `balanced_wide` is the reference
with wider moves on the fly, which a team would try first. Whatever comes out is written down. `--sources learnt` was run
afterwards in the same worlds.
"""

import argparse
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
import torch
from generator_study import LETTERS, read
from scipy import ndimage
from sklearn.metrics import average_precision_score
from translation import Told, Translator

from gan import seeds
from gan.modalities import fit as fit_codec
from gan.starts import Policy as Starting
from gan.starts import Starters
from pipelines.evaluation.arms import ARMS, Training
from pipelines.evaluation.classifiers import convnet
from pipelines.evaluation.styles import Policy, Style
from pipelines.evaluation.synthetic import USES
from pipelines.likeness.data import Data
from pipelines.samples import IMAGES, Samples

STYLES: dict[str, Style] = {
    name: ARMS[name].build.keywords["style"]  # type: ignore[attr-defined]
    for name in ("square_root", "balanced")
}
STYLES["balanced_wide"] = replace(STYLES["balanced"], policy=Policy(turn=15.0, shift=0.1, scale=0.25))
RICH, CUT, HELD = 60, 5, 0.2  # samples of a class, and the share of them that is held out
MORE, POOL, KEPT = 40, 800, 200  # held-back real samples, candidates of a class, and how many of them are used
REFERENCE = "balanced"  # the style that did best on validation samples
FITS = 2  # trainings of an arm in a world
SHAPE = (28, 28, 1)

# Of training without an adversary, then with one; the weight of its loss.
SECONDS, MORE_SECONDS, ADVERSARY = 100.0, 60.0, 3.0

HEAD = "| samples | what they are | mean AP of the cut classes | over the reference | of all classes | in each world |"

FIXED = """
Intervals are 95 % by Student's t over worlds; gains are against the reference of the same worlds. The worlds, the arms and what
they are to show were written down before they were run (`benchmarks/fusion.py`); `learnt` was run afterwards in these worlds,
to see whether samples of the cut classes alone would do. Training is by processor time, so figures do not repeat exactly.
"""

ABOUT = """
Intervals are 95 % by Student's t over worlds, whose number differs by arm; gains are against the reference of the same worlds.
Six arms were tried, so that `everywhere` looks good is partly luck: it is above the reference in each of 5 worlds, but in the
same 4 worlds only .005 above `moments_everywhere`, which trains nothing. `filtered` and `adversarial` were run in one world;
there `filtered` chose among samples made as those of `adversarial`, and is .003 below these, its random control. `starts` was
not run at this cut. Training is by processor time, so figures do not repeat exactly.
The reference style was fixed after one world and a cut to 10 samples, of which 8 were trained on. There, in world 0:
no synthetic samples, balanced .868, square root .852; 40 more real samples .889; starts .867, or .847 mixed in with weight 1/2;
between neighbours .864, or .857.
"""

Made = dict[int, np.ndarray]  # class -> (n, 28, 28, 1) uint8


@dataclass(frozen=True)
class World:
    """train, validation, test: real samples. cut: the ten classes. more: real samples of theirs that no one is given."""

    seed: int
    train: Samples
    validation: Samples
    test: Samples
    cut: list[int]
    more: Made


def world(splits: dict[str, Samples], names: list[str], seed: int) -> World:
    """Return a world of all pictures."""
    values, labels, ids = (
        np.concatenate([getattr(one, part) for one in splits.values()]) for part in ("values", "labels", "ids")
    )
    every = Samples(values, labels, ids)
    rng = seeds.numpy_generator(seed, "fusion")
    group = np.array([Path(one).stem.split()[0] for one in ids])
    words = rng.permutation(np.unique(group))
    test = np.isin(group, words[: len(words) // 2])
    held = np.isin(group, words[len(words) // 2 :][: round(HELD * len(words) / 2)])
    cut = [names.index(one) for one in LETTERS]
    rows: dict[str, list[np.ndarray]] = {"train": [], "validation": []}
    more = {}
    for label in range(len(names)):
        most = CUT if label in cut else RICH
        aside = rng.permutation(np.flatnonzero((labels == label) & held))
        own = rng.permutation(np.flatnonzero((labels == label) & ~held & ~test))
        rows["validation"].append(aside[: round(HELD * most)])
        rows["train"].append(own[: most - round(HELD * most)])
        if label in cut:
            more[label] = values[own[most:][:MORE]]
    made = {split: every.take(np.sort(np.concatenate(parts))) for split, parts in rows.items()}
    return World(seed, **made, test=every.take(np.flatnonzero(test)), cut=cut, more=more)


def data(samples: Samples, made: Made | None = None) -> Data:
    """Return real samples as a classifier sees them, followed by synthetic ones."""
    x = samples.values.reshape(len(samples), -1).astype(np.float32) / 255
    found = Data(x, samples.labels, SHAPE, kind=IMAGES)
    for label, values in (made or {}).items():
        rows = values.reshape(len(values), -1).astype(np.float32) / 255
        found = found.add(rows, np.full(len(rows), label), np.ones(len(rows), bool))
    return found


def precision(given: World, style: Style, made: Made | None, fit: int) -> dict[str, float]:
    """Return the mean average precision of the cut classes on validation and test, and that of all classes on test."""
    rows = data(given.train, made)
    training = USES["drawn"].apply(Training(rows, style=style)) if made else Training(rows, style=style)
    fitted = convnet(training, seeds.derive(given.seed, "fusion", fit))
    found = {}
    for name, samples in (("validation", given.validation), ("test", given.test)):
        said = fitted.predict_proba(data(samples).x)
        each = [average_precision_score(samples.labels == label, said[:, label]) for label in range(said.shape[1])]
        found |= {name: float(np.mean([each[label] for label in given.cut])), f"{name}_all": float(np.mean(each))}
    return found


def held_back(given: World) -> Made:
    """Real samples that were held back."""
    return given.more


def starts(given: World) -> Made:
    """Where today's generator starts: between neighbours, plus differences borrowed from rich classes."""
    return started(given, given.cut)


def starts_everywhere(given: World) -> Made:
    """Samples of every class where today's generator starts."""
    return started(given, np.unique(given.train.labels).tolist())


def started(given: World, classes: list[int]) -> Made:
    """Return starts of `classes`."""
    codec = fit_codec(given.train.values)
    starters = Starters(codec.pack(given.train.values), given.train.labels, codec, Starting())
    made = {}
    for label in classes:
        rng = seeds.numpy_generator(given.seed, "starts", label)
        made[label] = codec.decode(starters.starts(starters.draw(label, KEPT, rng)))
    return made


def shape(image: np.ndarray) -> np.ndarray:
    """Return how the ink of an image lies: its middle, (y, x), the logarithms of its height and of its width, and its slant."""
    ink = image[..., 0] + 1e-9
    points = np.argwhere(np.ones_like(ink))
    middle = np.average(points, 0, ink.ravel())
    spread = np.linalg.cholesky(np.cov(points.T, aweights=ink.ravel()) + 0.1 * np.eye(2))
    return np.array([*middle, np.log(spread[0, 0]), np.log(spread[1, 1]), spread[1, 0] / spread[0, 0]])


def factor(shaped: np.ndarray) -> np.ndarray:
    """Return the matrix that a `shape` speaks of, (2, 2), lower triangular."""
    height, width = np.exp(shaped[2:4])
    return np.array([[height, 0.0], [shaped[4] * height, width]])


def moments(given: World) -> Made:
    """Samples of the class, moved affinely to lie as samples of rich classes do; nothing is trained."""
    return placed(given, given.cut)


def moments_everywhere(given: World) -> Made:
    """Samples of every class, moved affinely to lie as samples of rich classes do; nothing is trained."""
    return placed(given, np.unique(given.train.labels).tolist())


def placed(given: World, classes: list[int]) -> Made:
    """Return samples of `classes`, each moved to lie about its class's mean as one of a rich class does."""
    labels = given.train.labels
    shapes = np.stack([shape(one / 255.0) for one in given.train.values])
    means = np.stack([shapes[labels == label].mean(0) for label in range(labels.max() + 1)])
    rich = np.flatnonzero(~np.isin(labels, given.cut))
    made = {}
    for label in classes:
        rng = seeds.numpy_generator(given.seed, "moments", label)
        own, lent = rng.choice(np.flatnonzero(labels == label), KEPT), rng.choice(rich, KEPT)
        wanted = means[label] + shapes[lent] - means[labels[lent]]
        parts = []
        for row, new in zip(own, wanted, strict=True):
            back = factor(shapes[row]) @ np.linalg.inv(factor(new))
            image = given.train.values[row, ..., 0].astype(float)
            parts.append(ndimage.affine_transform(image, back, shapes[row, :2] - back @ new[:2], order=1))
        made[label] = np.stack(parts)[..., None].round().clip(0, 255).astype(np.uint8)
    return made


@cache
def translator(seed: int, adversary: bool) -> Translator:
    """Return what was trained in a world without an adversary, or that, trained on against one."""
    if not adversary:
        train = WORLDS[seed].train
        return Translator(train.values, train.labels, Told(SECONDS), seed).train()
    found = deepcopy(translator(seed, False))
    found.told = Told(MORE_SECONDS, adversary=ADVERSARY)
    return found.train()


def candidates(given: World, adversary: bool, label: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return candidates of a class and the rows that they were made of."""
    rich = np.setdiff1d(given.train.labels, [*given.cut, label])
    return translator(given.seed, adversary).make(label, rich, count)


def learnt(given: World) -> Made:
    """Samples of the class, changed as pairs of rich classes differ; without an adversary."""
    return {label: candidates(given, False, label, KEPT)[0] for label in given.cut}


def everywhere(given: World) -> Made:
    """Samples of every class, changed as pairs of rich ones differ: what gives them away says nothing of the class."""
    return {int(label): candidates(given, False, int(label), KEPT)[0] for label in np.unique(given.train.labels)}


def adversarial(given: World) -> Made:
    """Samples of the cut classes, as `learnt`, trained on against an adversary."""
    return {label: candidates(given, True, label, KEPT)[0] for label in given.cut}


def filtered(given: World) -> Made:
    """Of four times as many of `learnt`, some of the half that a classifier thinks likeliest to be of the class.

    Two classifiers are each trained on half of the samples. A candidate is asked of the one that has not seen its origin.
    """
    fold = np.empty(len(given.train), int)
    for label in np.unique(given.train.labels):
        own = np.flatnonzero(given.train.labels == label)
        fold[own] = np.arange(len(own)) % 2
    judges = [
        convnet(Training(data(given.train.take(np.flatnonzero(fold != part))), style=STYLES["balanced"]), given.seed)
        for part in (0, 1)
    ]
    made = {}
    for label in given.cut:
        values, rows = candidates(given, False, label, POOL)
        x = values.reshape(POOL, -1).astype(np.float32) / 255
        both = np.stack([judge.predict_proba(x)[:, label] for judge in judges])
        sure = both[fold[rows], np.arange(POOL)]
        print(label, f"{np.quantile(sure, (0.1, 0.25, 0.5, 0.75, 0.9)).round(2)}", flush=True)
        made[label] = values[np.flatnonzero(sure >= np.median(sure))[:KEPT]]
    return made


SOURCES: dict[str, Callable[[World], Made]] = {
    "real": held_back, "starts": starts, "starts_everywhere": starts_everywhere, "moments": moments,
    "moments_everywhere": moments_everywhere, "learnt": learnt, "everywhere": everywhere, "filtered": filtered,
    "adversarial": adversarial,
}  # fmt: skip
WORLDS: dict[int, World] = {}


def run(given: World, store: Path, sources: list[str], styles: list[str]) -> None:
    """Measure what is missing of a world."""
    done = {(row["source"], row["style"], row["fit"]) for row in results.load(store) if row["world"] == given.seed}

    def measured(source: str, style: str, made: Made | None) -> None:
        for fit in range(FITS):
            if (source, style, fit) not in done:
                row: dict[str, Any] = {"world": given.seed, "source": source, "style": style, "fit": fit}
                row |= precision(given, STYLES[style], made, fit)
                results.add(store, [row])
                print(row, flush=True)

    for style in styles:
        measured("none", style, None)
    for source in sources:
        if not {(source, REFERENCE, fit) for fit in range(FITS)} <= done:
            measured(source, REFERENCE, SOURCES[source](given))


def markdown(rows: pd.DataFrame) -> str:
    """Return the table: a row for each arm, its mean, and what it adds to the reference of the same worlds, with interval."""
    rows = rows.assign(arm=np.where(rows["source"] == "none", "none, " + rows["style"], rows["source"]))
    means = rows.groupby(["arm", "world"])[["test", "test_all"]].mean()
    base, lines = means.loc[f"none, {REFERENCE}"], [HEAD, "|---" * HEAD[2:].count("|") + "|"]
    for arm in [*(f"none, {style}" for style in STYLES), *SOURCES]:
        if arm in means.index:
            own = means.loc[arm]
            each = ", ".join(f"{gain:+.3f}" for gain in own["test"] - base["test"].loc[own.index])
            gains = [results.interval(one) for one in (own - base.loc[own.index]).T.to_numpy()]
            about = (SOURCES[arm].__doc__ or "").split("\n")[0] if arm in SOURCES else "no synthetic samples"
            lines.append("| " + " | ".join([arm, about, f"{own['test'].mean():.3f}", *gains, each]) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with fonts/")
    parser.add_argument("--out", type=Path, required=True, help="path of the results without suffix")
    parser.add_argument("--worlds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--sources", nargs="*", default=list(SOURCES), choices=list(SOURCES))
    parser.add_argument("--styles", nargs="*", default=list(STYLES), choices=list(STYLES))
    given = parser.parse_args()
    torch.set_num_threads(1)
    store = given.out.with_suffix(".jsonl")
    splits, names = read("fonts", given.data)
    for seed in given.worlds:
        WORLDS[seed] = world(splits, names, seed)
        run(WORLDS[seed], store, given.sources, given.styles)
    rows = pd.DataFrame(results.load(store))
    given.out.with_suffix(".md").write_text(markdown(rows) + (ABOUT if 0 in set(rows["world"]) else FIXED))


if __name__ == "__main__":
    main()
