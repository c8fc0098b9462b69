"""What is released is not what was measured when some classes do not ship: measure the rest once more, without them."""

from dataclasses import replace

from gan import seeds
from pipelines.evaluation import advice, gate, subgroups
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.choose import Choice, Way
from pipelines.evaluation.fitting import repeats
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import Study, resampling
from pipelines.evaluation.synthetic import FILTERED


def confirm(
    study: Study, choice: Choice, way: Way, verdicts: list[gate.Verdict], settings: Settings, seed: int
) -> list[gate.Verdict]:
    """Return the verdicts, with `ship` turned into `hold` for a class that gains nothing certain once the other classes
    add no samples, or surely loses in a subgroup then.

    Nothing is ever turned into `ship`, so this second look at test cannot make a useless sample pass. Where a class is
    held by it, its gain is the one measured here.
    """
    shipped = {v.name for v in verdicts if v.verdict == gate.SHIP}
    if not shipped or len(shipped) == len(verdicts):
        return verdicts
    inputs, name = study.inputs, choice.classifier
    pools = tuple(pool for pool in inputs.pools if inputs.names[pool.label] in shipped)
    release = study.with_pools(pools)
    recipe = name, choice.arm[name], settings.repeats
    theirs, ours = repeats(*recipe), repeats(*recipe, *way.of(FILTERED))
    release.train([*ours, *theirs], "release")
    draws = resampling(release, settings.repeats, settings.draws, seeds.numpy_generator(seed, "evaluate", "test"))
    places = subgroups.measured(draws, theirs, ours, settings)
    held = {}
    for label in (pool.label for pool in pools):
        gain = draws.gain(ours, theirs, [label], settings.confidence)
        if said := _against(gain, subgroups.losses(places, label), choice.arm[name]):
            held[inputs.names[label]] = said, gain
    return [_held(verdict, *held[verdict.name], choice) if verdict.name in held else verdict for verdict in verdicts]


def _against(gain: Interval, losses: list[str], arm: str) -> str:
    """Return what speaks against a class when the samples of those that do not ship are left out, "" for nothing."""
    without = "without the samples of the classes that do not ship"
    if gain.low <= 0:
        return f"{without} the gain over {ARMS[arm].label} is {gain}, no longer above zero"
    return f"{without} {losses[0]}" if losses else ""


def _held(verdict: gate.Verdict, said: str, gain: Interval, choice: Choice) -> gate.Verdict:
    advised, instead = advice.advised(choice), advice.instead(choice, {})
    return replace(
        verdict,
        verdict=gate.HOLD,
        gain=gain,
        action=ARMS[advised].advice,
        advised=advised,
        instead=instead,
        reasons=[said, *verdict.reasons, f"instead: {instead}"],
    )
