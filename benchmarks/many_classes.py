"""What a whole run costs with few and with many small classes, up to 40 classes of which 30 are small.

    python benchmarks/many_classes.py --data DIR --out benchmarks/many_classes

Each class of Fashion-MNIST is split into four: its pictures in the order of their first principal component, in quarters. The
first quarters are the ten rich classes, 100 training pictures each; of the other thirty the first so many are small classes of
20. 60 of each are for test. `tailweight init` and `tailweight run` go as they come, with nothing set. Counted is the processor
time of the run and of all that it starts, which other work on the machine stretches less than the clock.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
from overhead import spent
from PIL import Image
from sklearn.decomposition import PCA
from throughput import processor

from gan import seeds

QUARTERS, RICH, SMALL, TESTED = 4, 100, 20, 60


def split(folder: Path) -> dict[str, list[Path]]:
    """Return the pictures of each quarter of each class under `folder`, <class>/*.png, in an order of chance."""
    quarters = {}
    for own in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sorted(own.iterdir())
        pixels = np.stack([np.asarray(Image.open(path)).ravel() for path in paths]).astype(np.float32)
        along = PCA(1, random_state=0).fit_transform(pixels)[:, 0]
        for number, rows in enumerate(np.array_split(np.argsort(along, kind="stable"), QUARTERS)):
            order = seeds.numpy_generator(0, "many classes", own.name, number).permutation(rows)
            quarters[f"{own.name} {'abcd'[number]}"] = [paths[row] for row in order]
    return quarters


def lay_out(quarters: dict[str, list[Path]], small: int, folder: Path) -> None:
    """Copy the pictures of ten rich classes and of `small` small ones to train/<class>/ and test/<class>/."""
    rich = [label for label in quarters if label.endswith("a")]
    poor = sorted((label for label in quarters if label not in rich), key=lambda label: label[::-1])[:small]
    for label in [*rich, *poor]:
        count = RICH if label in rich else SMALL
        for number, path in enumerate(quarters[label][: count + TESTED]):
            own = folder / ("train" if number < count else "test") / label
            own.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, own)


def run(images: Path, project: Path) -> dict[str, Any]:
    """Return what a run took, and its verdicts."""
    command = [sys.executable, "-m", "pipelines"]
    subprocess.run([*command, "init", str(project), "--images", str(images)], check=True, stdout=subprocess.DEVNULL)
    before, began = spent(resource.RUSAGE_CHILDREN), time.monotonic()
    with (project.parent / "run.log").open("w") as log:
        subprocess.run([*command, "-C", str(project), "run"], check=True, stdout=log, stderr=log)
    after = spent(resource.RUSAGE_CHILDREN)
    metrics = json.loads((project / "data/evaluation/metrics.json").read_text())
    verdicts = pd.Series([verdict["verdict"] for verdict in metrics["classes"].values()]).value_counts()
    return {
        "cpu": after - before,
        "wall": time.monotonic() - began,
        "verdicts": {str(name): int(count) for name, count in verdicts.items()},
    }


def report(rows: list[dict[str, Any]]) -> str:
    """Write the results as Markdown."""
    rows = sorted(rows, key=lambda row: row["small"])
    lines = [
        "# Many small classes",
        "",
        "`python benchmarks/many_classes.py --data DIR`; what is run stands there.",
        f"Machine: {processor()}, {os.cpu_count()} cores.",
        "",
        "| small classes | all classes | processor s | s on the clock | verdicts |"
        + "".join(f" to {row['small']} |" for row in rows[:-1]),
        "|---" * (5 + len(rows[:-1])) + "|",
    ]
    for row in rows:
        times = [f"{row['cpu'] / other['cpu']:.1f}" for other in rows[:-1]]
        verdicts = ", ".join(f"{count} {name}" for name, count in row["verdicts"].items())
        figures = [row["small"], row["small"] + 10, f"{row['cpu']:.0f}", f"{row['wall']:.0f}"]
        lines.append(f"| {' | '.join(map(str, [*figures, verdicts, *times]))} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Run what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with fashion-mnist/train/<class>/*.png")
    parser.add_argument("--small", type=int, nargs="+", default=[2, 3, 20, 30], help="numbers of small classes")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "many_classes", help="path without suffix")
    parser.add_argument("--keep", type=Path, help="folder to leave the projects in")
    given = parser.parse_args()
    store = given.out.with_suffix(".jsonl")
    quarters = split(given.data / "fashion-mnist" / "train")
    for small in given.small:
        if small in {row["small"] for row in results.load(store)}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            lay_out(quarters, small, Path(folder) / "images")
            results.add(store, [{"small": small, **run(Path(folder) / "images", Path(folder) / "project")}])
            if given.keep:
                shutil.move(folder, given.keep / f"small-{small}")
        print(f"{small} small classes: {results.load(store)[-1]}", flush=True)
    given.out.with_suffix(".md").write_text(report(results.load(store)), encoding="utf-8")


if __name__ == "__main__":
    main()
