"""What to use instead of synthetic samples, with the evidence beside it, so that no two figures contradict each other."""

from collections.abc import Mapping, Sequence

from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.choose import Choice
from pipelines.evaluation.synthetic import called
from pipelines.wording import figure, signed

SURE = 2.0  # standard errors out of fold from which an arm is better than training as is
ALIKE = 0.005  # average precision: differences on test below this are not spoken of


def advised(choice: Choice) -> str:
    """Return the arm to take without synthetic samples: the best one out of fold, where it is better beyond noise."""
    return choice.arm[choice.classifier] if _ahead(choice) else "nothing"


def beforehand(choice: Choice, names: Sequence[str]) -> str:
    """Return a line on what is found without synthetic samples, by class, and how it is best found.

    names: of all classes.
    """
    if not choice.best.by_class:
        return "without synthetic samples: too few samples of a minority class to choose by cross-validation"
    found = ", ".join(f"{names[label]} {figure(value)}" for label, value in choice.best.by_class.items())
    return f"without synthetic samples, average precision of {choice.classifier} out of fold: {found}; {instead(choice, {})}"


def instead(choice: Choice, on_test: Mapping[str, float]) -> str:
    """Return a sentence that says what to do without synthetic samples, and by what evidence.

    on_test: arm -> average precision of the class on test, of those that were measured.
    """
    best, plain = choice.arm[choice.classifier], choice.scores[choice.classifier, "nothing"]
    said = ARMS[advised(choice)].advice
    if _ahead(choice):
        return f"{said} (out of fold {figure(choice.best.value)}, as is {figure(plain.value)})" + _on_test(
            best, on_test
        )
    if best != "nothing":
        said += f" ({ARMS[best].label} is {signed(choice.best.lead(plain)[0])} out of fold, within noise)"
    return said + _on_test("nothing", on_test)


def _ahead(choice: Choice) -> bool:
    """Say whether the best arm is better out of fold than training as is, beyond noise."""
    if choice.arm[choice.classifier] == "nothing":
        return False
    ahead, error = choice.best.lead(choice.scores[choice.classifier, "nothing"])
    return ahead > SURE * error


def _on_test(taken: str, known: Mapping[str, float]) -> str:
    """Return how the advised arm did on test, and which did better there, if any did by more than a hair."""
    if taken not in known:
        return ""
    said = f"; on the test split it reaches {figure(known[taken])}"
    top = max(known, key=lambda arm: known[arm])
    if known[top] - known[taken] > ALIKE:
        said += f", and {called(top)} {figure(known[top])}, which could not be known when it was chosen"
    return said
