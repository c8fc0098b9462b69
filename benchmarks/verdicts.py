"""What whole runs decide on real tables whose minority class has 25 rows, and what following them brings.

    python benchmarks/verdicts.py FOLDER

FOLDER, tables and worlds are those of `tables.py`: each seed has 25 rows of the minority class that no other has, all rows of
the common one in half of the table, and the other half for test. In each world `tailweight init` and `tailweight run` go as
they come, with nothing set. From the verdict on, a user trains the run's own choice of classifier: on the release where the
class ships, else on what the verdict advises instead.

Advised: average precision (AP) on the test half of that classifier with the baseline that the run chose without the test half.
Followed: AP of what the verdict says. Best: AP of the baseline that turns out best for that classifier, in hindsight. With
all samples: AP with the GAN's samples whatever the verdict. Results are added to `verdicts.jsonl` as they come, and a run that
is started again goes on with what is missing.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import results
from tables import CUT, SEEDS, TABLES, few, halve, read
from throughput import processor

from pipelines.evaluation.gate import HOLD, SHIP, UNDERPOWERED
from pipelines.evaluation.synthetic import LABELS

FIGURES = ["advised", "followed", "best", "with all samples"]


def decided(train: pd.DataFrame, test: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Return what a whole run on the rows `train`, with the column `label`, decides and measures on `test`."""
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    project = folder / "project"
    command = [sys.executable, "-m", "pipelines"]
    told = ["--table", str(folder / "train.csv"), "--test", str(folder / "test.csv"), "--label", "label"]
    for arguments in (["init", str(project), *told], ["-C", str(project), "run", "--quiet"]):
        subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
    found = json.loads((project / "data/evaluation/metrics.json").read_text())
    ((name, verdict),) = found["classes"].items()
    scores = pd.read_csv(project / "data/evaluation/summary.csv", dtype={"class": "str"})
    judged = (scores["classifier"] == found["deciding_classifier"]) & (scores["metric"] == "average_precision")
    ap = scores[judged & (scores["class"] == name)].set_index("arm")["mean"]
    advised = ap[found["best_arm"][found["deciding_classifier"]]]
    baselines = ap.drop([arm for arm in ap.index if arm in LABELS])
    return {
        "verdict": verdict["verdict"],
        "classifier": found["deciding_classifier"],
        "dose": found["way"]["dose"],
        "advised": float(advised),
        "followed": float(ap["gan_filtered"] if verdict["verdict"] == SHIP else advised),
        "best": float(baselines.max()),
        "with all samples": float(ap.get("gan_filtered", float("nan"))),
    }


def report(rows: pd.DataFrame) -> str:
    """Write the results as Markdown."""
    lines = [
        "# What runs decide where a minority class has 25 rows",
        "",
        "`python benchmarks/verdicts.py FOLDER`; what is measured, and how, stands there.",
        f"Machine: {processor()}, one thread.",
        "",
        f"| table | worlds | {SHIP} | {HOLD} | {UNDERPOWERED} | {' | '.join(FIGURES)} |",
        "|---" * 9 + "|",
    ]
    for table, part in [*rows.groupby("cell", sort=False), ("all", rows)]:
        counts = [str((part["verdict"] == verdict).sum()) for verdict in (SHIP, HOLD, UNDERPOWERED)]
        means = [f"{part[figure].mean():.3f}" for figure in FIGURES]
        lines.append(f"| {' | '.join([str(table), str(len(part)), *counts, *means])} |")
    lines += ["", "Each world:", "", f"| table | seed | verdict | classifier | dose | {' | '.join(FIGURES)} |"]
    lines += ["|---" * 9 + "|"]
    for row in rows.to_dict("records"):
        figures = " | ".join(f"{row[figure]:.3f}" for figure in FIGURES)
        lines.append(
            f"| {row['cell']} | {row['seed']} | {row['verdict']} | {row['classifier'].replace('_', ' ')} "
            f"| {row['dose']:g} | {figures} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Run what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the CSV files")
    parser.add_argument("--tables", nargs="*", choices=TABLES, default=list(TABLES))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "verdicts", help="path without suffix")
    given = parser.parse_args()
    store = given.out.with_suffix(".jsonl")
    done = {(row["cell"], row["seed"]) for row in results.load(store)}
    for seed in range(SEEDS):
        for table in given.tables:
            world = few(halve(*read(given.folder, table), 0), seed)
            if world is None or (table, seed) in done:
                continue
            train, test = world.x.assign(label=world.y.astype(str)), world.test_x.assign(label=world.test_y.astype(str))
            with tempfile.TemporaryDirectory() as folder:
                found = decided(train, test, Path(folder))
            results.add(store, [{"cell": table, "seed": seed, **found}])
            print(f"{table}{CUT}, seed {seed}: {found['verdict']}", flush=True)
    rows = pd.DataFrame(results.load(store))
    rows = rows.sort_values("cell", key=lambda cells: cells.map(TABLES.index), kind="stable")
    given.out.with_suffix(".md").write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
