"""The drawings of what was counted and measured, each a function of a table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipelines.report.svg import (
    HELD_OUT,
    INK,
    OTHER,
    QUIET,
    REAL,
    RULE,
    SYNTHETIC,
    at_least,
    drawing,
    few_ticks,
    name_lines,
    name_rows,
    short,
)

LEAST_GAIN, LEAST_PRECISION = 0.04, 0.1  # width of an axis of gains, and of average precisions
ROW, NAMED_ROW = 22, 36  # pixels a row, and a row with its name above it


def counts(table: pd.DataFrame) -> str:
    """Draw the training samples of each class, and after them what the plan asks for: `class`, `train`, `needed`."""
    with drawing("Training samples of each class, and how many are wanted", 50 + ROW * len(table)) as made:
        panel, places = made.panel, range(len(table))
        panel.barh(places, table["train"], 0.7, color=REAL)
        panel.barh(
            places, table["needed"], 0.7, left=table["train"], color="none", edgecolor=SYNTHETIC, hatch="////", lw=1
        )
        for place, (real, wanted) in enumerate(zip(table["train"], table["needed"], strict=True)):
            said = f" {real:,}" + (f" + {wanted:,} wanted" if wanted else "")
            panel.annotate(said, (real + wanted, place), (2, 0), textcoords="offset points", va="center")
        panel.set_yticks(places, [short(str(name), 14) for name in table["class"]])
        panel.set(xlim=(0, (table["train"] + table["needed"]).max() * 1.3 + 1), xlabel="training samples")
        panel.invert_yaxis()
    return made.svg


def gains(table: pd.DataFrame, labels: Mapping[str, str], of: str) -> str:
    """Draw the gains of the filtered GAN over each other way to train with their intervals.

    table: rows of `gains.csv` of one class and classifier.   labels: what to call the arms.   of: the class.
    """
    rows = table.sort_values("gain", kind="stable").iloc[::-1]
    rows = rows.assign(**{end: rows[end].where(np.isfinite(rows[end])) for end in ("low", "high")})  # of one training
    with drawing(f"Gain of {of} over each other way to train", 50 + NAMED_ROW * len(rows)) as made:
        panel, own = made.panel, rows["baseline"].map(_ours)
        panel.axvline(0, color=INK, linewidth=1)
        for flag, colour, marker in ((False, REAL, "o"), (True, SYNTHETIC, "s")):
            places = np.flatnonzero(own == flag)
            some = rows.iloc[places]
            panel.hlines(places, some["low"], some["high"], colors=colour)
            panel.scatter(some["gain"], places, s=30, c=colour, marker=marker, zorder=3)
        names = [labels.get(name, name) for name in rows["baseline"]]
        name_rows(panel, [_starred(*pair) for pair in zip(names, rows["chosen"], strict=True)])
        ends = rows[["low", "gain", "high"]]
        low, high = min(ends.min().min(), 0), max(ends.max().max(), 0)
        panel.set(xlim=at_least(low, high, LEAST_GAIN), xlabel="gain in average precision")
        few_ticks(panel)
        panel.grid(axis="x", color=RULE, linewidth=0.6)
    return made.svg


def ways(table: pd.DataFrame) -> str:
    """Draw average precision out of fold of each dose and use that was tried, with the standard error of its lead.

    table: `ways.csv` of the evaluation.
    """
    with drawing("Doses and uses that were tried", 50 + NAMED_ROW * len(table)) as made:
        panel, places = made.panel, range(len(table))
        colours = [SYNTHETIC if chosen else QUIET for chosen in table["chosen"]]
        error = table["error"].fillna(0)
        low, high = table["average_precision"] - error, table["average_precision"] + error
        panel.hlines(places, low, high, colours)
        panel.scatter(table["average_precision"], places, s=30, c=colours, zorder=3)
        names = [
            f"dose {dose:g}, {use}" + (f" (in {folds} folds)" if folds < table["folds"].max() else "")
            for dose, use, folds in zip(table["dose"], table["use"], table["folds"], strict=True)
        ]
        name_rows(panel, [_starred(*pair) for pair in zip(names, table["chosen"], strict=True)])
        panel.set(xlim=at_least(low.min(), high.max(), LEAST_PRECISION), xlabel="average precision out of fold")
        panel.grid(axis="x", color=RULE, linewidth=0.6)
    return made.svg


def acceptance(table: pd.DataFrame) -> str:
    """Draw average precision against the share of candidates that the filter keeps, with standard errors over repeats.

    table: `acceptance.mean` of the page: `by`, `acceptance`, `average_precision` and `error`.
    """
    ends = {}
    with drawing("Average precision against the share of candidates kept", 260) as made:
        panel = made.panel
        for by, rows in table.groupby("by", sort=False):
            colour = SYNTHETIC if by == "score" else QUIET
            x, y = rows["acceptance"], rows["average_precision"]
            panel.errorbar(x, y, rows["error"], color=colour, marker="o", markersize=5, capsize=2)
            ends[str(by)] = (float(x.iloc[-1]), float(y.iloc[-1]), colour)
        shown = table["acceptance"].unique()
        panel.set_xticks(sorted(shown))
        panel.set_xlim(shown.min() - 0.05, shown.max() + 0.45 * (np.ptp(shown) + 0.1))
        panel.set_ylim(at_least(*panel.get_ylim(), LEAST_PRECISION))
        panel.set(xlabel="share of candidates kept", ylabel="average precision on test")
        name_lines(panel, ends)
    return made.svg


def training(curves: pd.DataFrame, base_steps: float | None, of: str) -> str:
    """Draw the scores that a discriminator gave during training, smoothed over five rows: `step` and `score_*`.

    base_steps: where the training on all classes ends, None where `curves` is of that.
    """
    lines = {
        "score_real": ("training", REAL, "-"),
        "score_held_out": ("held out", HELD_OUT, (0, (4, 2))),
        "score_fake": ("generated", SYNTHETIC, (0, (1, 1))),
    }
    ends = {}
    with drawing(f"Scores of the discriminator while it trained on {of}", 220) as made:
        panel = made.panel
        for column, (label, colour, line) in lines.items():
            if column in curves and curves[column].notna().any():
                smooth = curves[column].rolling(5, min_periods=1).mean()
                panel.plot(curves["step"], smooth, color=colour, linestyle=line)
                ends[label] = (float(curves["step"].iloc[-1]), float(smooth.iloc[-1]), colour)
        panel.set_ylim(at_least(*panel.get_ylim(), 1.0))
        if base_steps is not None and base_steps < curves["step"].max():
            panel.axvline(base_steps, color=QUIET, linewidth=1)
            top = panel.get_ylim()[1]
            for said, side, shift in (("all classes", "right", -5), ("this class", "left", 5)):
                panel.annotate(
                    said, (base_steps, top), (shift, 0), textcoords="offset points", ha=side, va="top", color=QUIET
                )
        panel.set_xlim(0, curves["step"].max() * 1.2)
        panel.set(xlabel="training step", ylabel="mean score")
        few_ticks(panel)
        name_lines(panel, ends)
    return made.svg


def reliability(bins: pd.DataFrame, of: str) -> str:
    """Draw how many were real among the samples of each predicted probability; a larger dot stands for more of them."""
    with drawing(f"How often samples of {of} were real, against the predicted probability", 240, 300) as made:
        panel = made.panel
        panel.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 2)))
        panel.annotate("as it should be", (0.9, 0.9), (-8, 0), textcoords="offset points", ha="right", color=QUIET)
        panel.scatter(bins["predicted"], bins["observed"], s=8 + 6 * bins["samples"] ** 0.5, c=OTHER)
        panel.set(xlim=(0, 1), ylim=(-0.03, 1.03), xlabel="predicted to be real", ylabel="real")
    return made.svg


def _ours(name: str) -> bool:
    """Say whether a way to train uses generated samples, or stands in for them."""
    return name.startswith("gan") or name in ("replay", "smote_in_place")


def _starred(name: str, chosen: bool) -> str:
    return f"{name} ★" if chosen else name
