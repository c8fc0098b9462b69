"""Train the base: one conditional GAN on all classes."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gan.progress import Progress
from gan.settings import ExpertField
from gan.states import States
from gan.training.settings import PretrainSettings
from pipelines import files
from pipelines.errors import SettingError, UserError
from pipelines.samples import Samples

if TYPE_CHECKING:
    from gan.modalities import Codec


class Settings(PretrainSettings):
    """How the base is trained, and whether it stays."""

    frozen: bool = ExpertField(
        default=False,
        description="keep the base that is there while the data of its classes grow; then: tailweight render",
    )


def run(
    *,
    train: Path,
    validation: Path,
    classes: Path,
    model: Path,
    curves: Path,
    health: Path,
    settings: Settings,
    factor: int,
    seed: int,
    progress: Progress,
    states: States | None = None,
) -> None:
    """Write the model as safetensors, its loss and score curves as CSV, and its health as JSON.

    states: where the state of the training is kept, and goes on from.
    """
    from gan import checkpoint
    from gan.training.train import pretrain

    real, held_out = Samples.load(train).reduced(factor), Samples.load(validation).reduced(factor)
    names = files.read_json(classes)["classes"]
    shown = (held_out.values, held_out.labels)
    codec = _codec_of(real, settings)
    sizes = len(names), settings, settings.network, settings.width
    gan = pretrain(real.values, real.labels, *sizes, seed, progress, shown, codec, states=states)
    checkpoint.save(gan, model)
    pd.DataFrame(gan.history).to_csv(curves, index=False)
    files.write_json(health, gan.health.to_dict())
    print(f"pretrain: {gan.network}, {settings.steps} steps on {len(real)} samples of {len(names)} classes")
    print(f"pretrain: starts lie {gan.policy}")
    print(f"pretrain: {gan.health.outcome}")
    for sign in gan.health.bad:
        print(f"pretrain: {sign}")


def _codec_of(real: Samples, settings: Settings) -> "Codec":
    """Return what turns samples into tensors and back; UserError where the settings are not for this kind of data."""
    from gan.modalities import CODECS

    kind = CODECS[real.kind]
    if kind.families is not None and settings.network not in ("auto", *kind.families):
        raise SettingError(
            "pretrain.network",
            f"is {settings.network}, which is not made for {real.form.noun}; "
            f"they take auto or {', '.join(kind.families)}",
        )
    if "spread" in settings.starts and not kind.noisy:
        raise SettingError(
            "pretrain.starts",
            f"is {settings.starts}, which is not made for {real.form.noun}; "
            f"they take auto, {' or '.join(kind.policies)}",
        )
    try:
        return kind.fit(real.values, real.columns or None)
    except ValueError as error:
        raise UserError(f"{error}; prepare.columns in params.yaml says what each column is") from None
