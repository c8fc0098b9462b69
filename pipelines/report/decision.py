"""The decision: in a sentence, class by class, and what to do next. Each is a function of what was measured."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from pipelines.wording import figure, signed

SHIP, HOLD, SOLVED, UNDERPOWERED = "ship", "hold", "solved", "underpowered"
NO_GAN = "no GAN"
MEANING = {
    SHIP: "the samples help beyond doubt",
    HOLD: "no gain beyond doubt",
    SOLVED: "the class is found without synthetic samples",
    UNDERPOWERED: "the test cannot tell",
}
ALIKE = 0.005  # average precision: differences on test below this are not spoken of
NAMED = 6  # classes that a sentence names
KEEP = "git add dvc.lock params.yaml data/plan.yaml data/judged.json && git commit -m 'Run Tailweight' && dvc push"
CROSS_VALIDATE = "tailweight cross-validate"
ASIDE = ("gain ", "least over ", "instead: ")  # how the reasons begin that say nothing of what is missing


def headline(verdicts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the decision in a sentence."""
    kinds = [verdict["verdict"] for verdict in verdicts.values()]
    if not kinds:
        return "No class is a minority class: there is nothing to grow"
    if SHIP in kinds:
        shipped = of_kind(verdicts, SHIP)
        return f"Add the synthetic samples of {listed(shipped)}" + (
            "" if len(shipped) == len(kinds) else ", and no others"
        )
    if set(kinds) == {SOLVED}:
        return "Add no synthetic samples: there is nothing to gain"
    if HOLD not in kinds:
        return "Add no synthetic samples yet: the test cannot tell whether they help"
    return "Add no synthetic samples: no class gains beyond doubt"


def explained(verdicts: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Return each verdict that was given, the classes that it was given to, and what it means."""
    return [(kind, listed(of_kind(verdicts, kind)), said) for kind, said in MEANING.items() if of_kind(verdicts, kind)]


def overview(
    measured: Mapping[str, Any],
    gains: pd.DataFrame,
    on_test: Mapping[str, Mapping[str, float]],
    skipped: Mapping[str, str],
) -> pd.DataFrame:
    """Return a row for each class that has fewer samples than are wanted: counts, verdict, gain, and what to do.

    gains: `gains.csv` of the evaluation.   on_test: class -> average precision of each alternative.   skipped: classes
    that got no GAN, and why.
    """
    labels, counts = measured["labels"], measured["counts"]
    rows = []
    for name, verdict in measured["classes"].items():
        found, gain = counts[name], verdict["gain"]
        sure = gain["low"] is not None and gain["low"] > 0
        least, over = _least(gains, name, measured["rivals"], verdict["baseline"])
        rows.append(
            {
                "class": name,
                "real": found["train"],
                "wanted": found["needed"],
                "kept": found["kept"],
                "verdict": verdict["verdict"],
                "gain": gain["value"],
                "low": gain["low"],
                "high": gain["high"],
                "over": labels.get(verdict["baseline"], verdict["baseline"]),
                "least_gain": least,
                "least_over": labels.get(over, over),
                "worth": verdict["worth"] if sure else None,
                "do": action(verdict, labels),
                **_on_test(on_test.get(name, {}), verdict["advised"], labels),
            }
        )
    rows += [_without(name, why, counts) for name, why in skipped.items()]
    columns = ["class", "real", "wanted", "kept", "verdict", "gain", "low", "high", "over", "least_gain", "least_over"]
    table = pd.DataFrame(rows, columns=[*columns, "worth", "do", "reaches", "best", "best_way"])
    figures = ["gain", "low", "high", "least_gain", "worth", "reaches", "best"]
    return table.astype(dict.fromkeys(figures, float))


def action(verdict: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Return what to do with a class."""
    if verdict["verdict"] == SHIP:
        return f"add the released samples, and train with: {labels.get(verdict['baseline'], verdict['baseline'])}"
    return str(verdict["action"])


def next_steps(measured: Mapping[str, Any], release: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what to do now, each as a sentence and the command for it, which may be empty."""
    verdicts, labels = measured["classes"], measured["labels"]
    steps = []
    if shipped := of_kind(verdicts, SHIP):
        noun = "class folders" if release["kind"] == "images" else "CSV files"
        said = f"Take the release: all real samples and {release['synthetic']:,} synthetic ones of {listed(shipped)}, as {noun}"
        steps.append((said, "tailweight export DIR"))
    done: dict[str, list[str]] = {}
    for name, verdict in verdicts.items():
        done.setdefault(action(verdict, labels), []).append(name)
    steps += [(f"{listed(names)}: {said}", "") for said, names in done.items()]
    steps += [(said, "") for said in _unjudged(verdicts)]
    if any("test samples are too few" in lacking(verdicts[name]) for name in of_kind(verdicts, UNDERPOWERED)):
        steps.append(("See what the samples add with every part of the data as the test split in turn", CROSS_VALIDATE))
    return [*steps, ("Keep what this run found, so that it can be fetched and compared", KEEP)]


def _unjudged(verdicts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what is lacking to judge the `underpowered` classes, in one sentence where many lack test samples."""
    reasons: dict[str, list[str]] = {}
    for name in of_kind(verdicts, UNDERPOWERED):
        reasons.setdefault(lacking(verdicts[name]), []).append(name)
    tested = [name for reason, names in reasons.items() if "test samples" in reason for name in names]
    told = []
    if len(tested) > NAMED:
        needed = sorted(verdicts[name]["sufficient_test_samples"] for name in tested)
        most = f"{needed[0]:,} to {needed[-1]:,}" if needed[0] < needed[-1] else f"{needed[0]:,}"
        told = [f"{listed(tested)} are not judged yet: it takes {most} of a class in test, as said class by class"]
        reasons = {reason: names for reason, names in reasons.items() if "test samples" not in reason}
    single = {True: "is", False: "are"}
    return told + [f"{listed(own)} {single[len(own) == 1]} not judged yet: {reason}" for reason, own in reasons.items()]


def lacking(verdict: Mapping[str, Any]) -> str:
    """Return what the test lacks, in the words of an `underpowered` verdict."""
    return str([reason for reason in verdict["reasons"] if not reason.startswith(ASIDE)][-1])


def of_kind(verdicts: Mapping[str, Mapping[str, Any]], kind: str) -> list[str]:
    """Return the classes with a verdict."""
    return [name for name, verdict in verdicts.items() if verdict["verdict"] == kind]


def listed(names: Iterable[str]) -> str:
    """Return the names of classes as part of a sentence: the first few, and how many more."""
    quoted = [f"“{name}”" for name in names]
    if len(quoted) > NAMED:
        quoted = [*quoted[: NAMED - 1], f"{len(quoted) - NAMED + 1} more"]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def beside(row: Mapping[str, Any]) -> str:
    """Return how what is advised did on test, and which alternative did better there, if one did by more than a hair."""
    if pd.isna(row["reaches"]):
        return ""
    said = f"{figure(row['reaches'])} on test"
    if row["best"] - row["reaches"] <= ALIKE:
        return said
    return f"{said}; {row['best_way']} {figure(row['best'])}, which was not known when it was chosen"


def in_words(row: Mapping[str, Any]) -> str:
    """Return the least gain over an alternative that cross-validation did not choose, where it is another one."""
    return f"{signed(row['least_gain'])} over {row['least_over']}" if row["least_over"] != row["over"] else ""


def _least(gains: pd.DataFrame, name: str, rivals: Iterable[str], baseline: str) -> tuple[float | None, str]:
    """Return the smallest gain of a class over an alternative that had to be beaten, and which that is."""
    own = gains[gains["decides"].astype(bool) & (gains["class"] == name) & gains["baseline"].isin(list(rivals))]
    if own.empty:
        return None, baseline
    row = own.loc[own["gain"].astype(float).idxmin()]
    return float(row["gain"]), str(row["baseline"])


def _on_test(known: Mapping[str, float], advised: str, labels: Mapping[str, str]) -> dict[str, Any]:
    if advised not in known:
        return {}
    best = max(known, key=lambda name: known[name])
    return {"reaches": known[advised], "best": known[best], "best_way": labels.get(best, best)}


def _without(name: str, why: str, counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    return {"class": name, "real": counts[name]["train"], "verdict": NO_GAN, "over": "", "least_over": "", "do": why}
