"""The drawings of the report, each a function of a table, each returned as inline SVG that is the same for the same table."""

import io
from collections.abc import Mapping
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

COLOURS = {"gan": "#b3446c", "baseline": "#4a6fa5", "held": "#6b8e23", "quiet": "#9aa3ad"}
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "tailweight",  # else the ids in the file differ from run to run
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "text.parse_math": False,  # a dollar in a name is a dollar
    "figure.constrained_layout.use": True,
}


def svg(figure: Figure, title: str) -> str:
    """Return the figure as an `<svg>` element that names itself `title` for those who cannot see it."""
    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Title": title}, transparent=True)
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace("<svg", '<svg role="img"', 1)


def gains(table: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Draw the gains of the filtered GAN over each other arm with their intervals, for the deciding classifier.

    table: `gains.csv` of the evaluation.   labels: what to call the arms.
    """
    chosen = table[table["decides"] & (table["class"] != "mean of other classes")]
    classes = list(dict.fromkeys(chosen["class"]))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 0.7 + 0.23 * len(chosen) / max(len(classes), 1) * -(-len(classes) // 3)))
        panels = figure.subplots(-(-len(classes) // 3), 3, sharex=True, sharey=True, squeeze=False)
        for panel, name in zip(panels.flat, classes, strict=False):
            rows = chosen[chosen["class"] == name].iloc[::-1]
            own = [name.startswith("gan") or name == "replay" for name in rows["baseline"]]
            colours = [COLOURS["gan"] if flag else COLOURS["baseline"] for flag in own]
            panel.hlines(range(len(rows)), rows["low"], rows["high"], colors=colours)
            panel.scatter(rows["gain"], range(len(rows)), c=colours, s=18, zorder=3)
            panel.axvline(0, color="black", linewidth=0.8)
            panel.set_yticks(range(len(rows)), [labels.get(label, label) for label in rows["baseline"]])
            panel.set_title(str(name))
        for panel in panels.flat[len(classes) :]:
            panel.set_visible(False)
        figure.supxlabel("gain in average precision over …")
    return svg(figure, "Gain of the filtered GAN over each other way to prepare the training set")


def curve(table: pd.DataFrame, x: str, xlabel: str) -> str:
    """Draw average precision against an acceptance rate, the mean over classes and repeats, one line per kind and split."""
    keys = [key for key in ("by", "split") if key in table]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.8))
        panel = figure.subplots()
        for name, rows in table.groupby(keys, sort=False):
            mean = rows.groupby(x)["average_precision"].mean()
            panel.plot(mean.index, mean.to_numpy(), marker="o", markersize=4, label=", ".join(map(str, name)))
        panel.set_xlabel(xlabel)
        panel.set_ylabel("average precision, minority classes")
        panel.legend(frameon=False)
    return svg(figure, f"Average precision against {xlabel}")


def ways(table: pd.DataFrame) -> str:
    """Draw average precision out of fold of each dose and use that was tried, with the standard error of its lead.

    table: `ways.csv` of the evaluation.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 0.8 + 0.25 * len(table)))
        panel = figure.subplots()
        colours = [COLOURS["gan"] if chosen else COLOURS["quiet"] for chosen in table["chosen"]]
        places = range(len(table))
        panel.hlines(
            places, table["average_precision"] - table["error"], table["average_precision"] + table["error"], colours
        )
        panel.scatter(table["average_precision"], places, c=colours, s=22, zorder=3)
        panel.set_yticks(
            places, [f"dose {dose:g}, {use}" for dose, use in zip(table["dose"], table["use"], strict=True)]
        )
        panel.invert_yaxis()
        panel.set_xlabel("average precision out of fold, minority classes")
    return svg(figure, "Doses and uses that were tried")


def training(curves: pd.DataFrame) -> str:
    """Draw the scores that a discriminator gave during training, smoothed over five rows: `step` and `score_*`."""
    lines = {
        "score_real": ("training samples", "baseline"),
        "score_held_out": ("held-out samples", "held"),
        "score_fake": ("generated", "gan"),
    }
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.2))
        panel = figure.subplots()
        for column, (label, colour) in lines.items():
            if column in curves:
                smooth = curves[column].rolling(5, min_periods=1).mean()
                panel.plot(curves["step"], smooth, label=label, color=COLOURS[colour], linewidth=1.2)
        panel.set_xlabel("training steps")
        panel.set_ylabel("mean score")
        panel.legend(frameon=False)
    return svg(figure, "Discriminator scores during training")


def reliability(bins: list[dict[str, float]]) -> str:
    """Draw how many were real among the samples of each predicted probability; a larger dot stands for more of them."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(2.6, 2.4))
        panel = figure.subplots()
        panel.plot([0, 1], [0, 1], color=COLOURS["quiet"], linewidth=0.8)
        sizes = [8 + 6 * row["samples"] ** 0.5 for row in bins]
        panel.scatter([row["predicted"] for row in bins], [row["observed"] for row in bins], s=sizes, c=COLOURS["gan"])
        panel.set(xlim=(0, 1), ylim=(-0.03, 1.03), xlabel="predicted to be real", ylabel="real")
    return svg(figure, "Reliability of the calibrated scores")


def counts(table: pd.DataFrame) -> str:
    """Draw the training samples of each class, and on top what the plan asks for: `class`, `train`, `needed`."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.5, 2.2))
        panel = figure.subplots()
        places = range(len(table))
        panel.bar(places, table["train"], color=COLOURS["baseline"], label="real")
        panel.bar(
            places,
            table["needed"],
            bottom=table["train"],
            color="none",
            edgecolor=COLOURS["gan"],
            hatch="///",
            label="wanted",
        )
        names = [str(name) if len(str(name)) <= 14 else f"{str(name)[:13]}…" for name in table["class"]]
        panel.set_xticks(places, names, rotation=0 if len(table) <= 12 else 90)
        panel.set_ylabel("training samples")
        panel.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return svg(figure, "Training samples of each class")
