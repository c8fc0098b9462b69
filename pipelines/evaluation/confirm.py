"""What is released is not what was measured when some classes are held: measure the rest once more, without them."""

from dataclasses import replace

from gan import seeds
from pipelines.evaluation import gate
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.choose import Choice, Dose
from pipelines.evaluation.intervals import Interval
from pipelines.evaluation.settings import Settings
from pipelines.evaluation.study import GAN, Key, Study, resampling


def confirm(
    study: Study, choice: Choice, dose: Dose, verdicts: list[gate.Verdict], settings: Settings, seed: int
) -> list[gate.Verdict]:
    """Return the verdicts, with `ship` turned into `hold` for a class that gains nothing certain once the held classes
    add no samples.

    Nothing is ever turned into `ship`, so this second look at test cannot make a useless sample pass. Where a class is
    held by it, its gain is the one measured here.
    """
    shipped = {v.name for v in verdicts if v.verdict == gate.SHIP}
    if not shipped or len(shipped) == len(verdicts):
        return verdicts
    inputs, name = study.inputs, choice.classifier
    pools = tuple(pool for pool in inputs.pools if inputs.names[pool.label] in shipped)
    real = {key: outcome for key, outcome in study.outcomes.items() if not ARMS[key.arm].uses_gan}
    release = Study(replace(inputs, pools=pools), study.fitter, study.strength, real)
    ours = [Key(GAN, name, repeat, dose.measured) for repeat in range(settings.repeats)]
    theirs = [Key(choice.baseline[name], name, repeat) for repeat in range(settings.repeats)]
    release.train([*ours, *theirs], "release")
    draws = resampling(release, settings.repeats, settings.draws, seeds.numpy_generator(seed, "evaluate", "test"))
    gains = {inputs.names[p.label]: draws.gain(ours, theirs, [p.label], settings.confidence) for p in pools}
    return [
        _held(verdict, gains[verdict.name]) if verdict.name in gains and gains[verdict.name].low <= 0 else verdict
        for verdict in verdicts
    ]


def _held(verdict: gate.Verdict, gain: Interval) -> gate.Verdict:
    said = (
        f"without the samples of the classes on hold the gain is {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] "
        f"over {verdict.baseline}, no longer above zero"
    )
    advice = f"instead: {ARMS[verdict.baseline].advice}"
    return replace(
        verdict, verdict=gate.HOLD, gain=gain, instead=verdict.baseline, reasons=[said, *verdict.reasons, advice]
    )
