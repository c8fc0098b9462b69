"""What training is told. Apart from the code that reads it, so that checking settings does not load torch."""

from typing import Literal

from pydantic import Field

from gan.settings import ExpertField, ExpertImageField, Settings

FAITHFUL_ROWS = 1.0  # `faithful` for tables: of columns on scales of their own, a small move may leave the class


class _Loop(Settings):
    """What both phases of training are told."""

    batch_size: int = ExpertField(default=64, ge=2, description="pairs of a real and a generated sample a step")
    gamma: float = ExpertField(default=0.5, ge=0, description="weight of the gradient penalties; higher is smoother")
    faithful: float = ExpertField(default=0.07, ge=0, description="weight of how far outputs move from their starts")
    penalty_every: int = ExpertField(default=4, ge=1, description="steps between gradient penalties, weighted to match")
    ema: float = ExpertField(
        default=0.05, gt=0, le=1, description="half-life of the averaged weights, share of all steps"
    )


class PretrainSettings(_Loop):
    """The base: one GAN on all classes, from which majority classes teach how samples vary."""

    network: Literal["auto", "mlp", "dcgan", "resnet", "laplacian", "conv1d"] = Field(
        default="auto", description="family of networks; auto: mlp to 12 pixels, else dcgan; of series conv1d"
    )
    width: int = Field(
        default=16, ge=4, le=512, description="channels of the first convolution; mlp layers: 16 times as many"
    )
    steps: int = Field(default=1200, ge=1, description="training steps")
    learning_rate: float = ExpertField(
        default=5e-4, gt=0, description="of both networks, falling to a tenth along a cosine"
    )
    sampling_power: float = ExpertField(
        default=0.5, ge=0, le=1, description="a class of n is drawn ~ n^power; 0: all alike"
    )
    starts: Literal["auto", "neighbours", "borrowed", "spread", "wide_spread"] = ExpertField(
        default="auto",
        description="between neighbours; with differences borrowed from majority classes; tables: with noise; auto: rehearsed",
    )
    neighbours: int = ExpertField(
        default=5, ge=1, description="nearest neighbours of a real sample that a start may lean to"
    )
    noise_dim: int = ExpertField(default=32, ge=1, le=4096, description="numbers of noise a sample")


class TrainSettings(_Loop):
    """The GAN of one class: the base, trained on for a while on that class alone."""

    steps: int = Field(default=200, ge=0, description="training steps; 0 trains the base no further")
    learning_rate: float = ExpertField(
        default=3e-5, gt=0, description="of both networks, falling to a tenth along a cosine"
    )


class UpscaleSettings(Settings):
    """The upscaler: the GAN makes small images, and this makes them large again."""

    factor: Literal[1, 2, 4] = Field(default=1, description="the GAN's images are smaller by this, 1: no upscaling")
    batch_size: int = ExpertImageField(default=32, ge=2, description="images a step")
    width: int = ExpertImageField(default=16, ge=4, le=512, description="channels of the first convolution")
    steps: int = ExpertImageField(default=1500, ge=1, description="training steps")
    learning_rate: float = ExpertImageField(
        default=5e-4, gt=0, description="of both networks, falling to zero along a cosine"
    )
    gamma: float = ExpertImageField(
        default=0.5, ge=0, description="weight of the gradient penalties; higher is smoother"
    )
    feature_weight: float = ExpertImageField(
        default=0.1, ge=0, description="of the distance in discriminator features to L1 = 1"
    )
    adversarial_weight: float = ExpertImageField(default=0.01, ge=0, description="of the adversarial loss to L1 = 1")
