'''The network families: a pair of generator and discriminator each, built from the same `Sizes`.

A new family is a file of this folder with the two networks, its line in `FAMILIES` here, and its name in
`gan/training/settings.py`. All else (first weights, training, checkpoints, sampling, scores, the tests that every family has
to pass) goes by that list. For example, one hidden layer on either side:

    """One hidden convolution each: the smallest family there is."""

    import torch
    import torch.nn.functional as F
    from torch import nn

    from gan.networks.parts import SLOPE, Codes, Projection, Residual, Sizes


    class Generator(Residual):
        """One convolution of the start, shifted by noise and class."""

        def __init__(self, sizes: Sizes):
            super().__init__()
            self.classes = Codes(sizes.classes, sizes.noise_dim)
            self.style = nn.Linear(2 * sizes.noise_dim, sizes.width)
            self.first = nn.Conv2d(sizes.channels, sizes.width, 5, padding=2)
            self.last = nn.Conv2d(sizes.width, sizes.channels, 5, padding=2)

        def change(self, start: torch.Tensor, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            """Return what is added to the start, (n, c, s, s)."""
            style = self.style(torch.cat([noise, self.classes(labels)], 1))  # (n, width)
            return self.last(F.leaky_relu(self.first(start) + style[:, :, None, None], SLOPE)).float()


    class Discriminator(nn.Module):
        """One strided convolution and a projection onto the class."""

        def __init__(self, sizes: Sizes):
            super().__init__()
            self.first = nn.Conv2d(sizes.channels, sizes.width, 4, stride=4)
            self.head = Projection(sizes.width * (sizes.size // 4) ** 2, sizes.classes)

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            """Return (n,) logits of `x`, (n, c, s, s), for `labels`, (n,)."""
            return self.head(F.leaky_relu(self.first(x), SLOPE).flatten(1), labels)

A `Residual` returns its start plus the change, and `build` sets its `last` layer to zero, so the family starts as SMOTE
without further ado. Nothing in a network may look across the batch (no batch normalisation): a sample and its score
belong to its own seed. Nor may it ask a tensor for its value: on a CUDA device steps are recorded, see `training.recorded`.
'''

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from gan.networks import conv1d, dcgan, laplacian, mlp, resnet
from gan.networks.parts import Sizes

__all__ = ["FAMILIES", "Family", "Sizes", "choose"]

SMALL = 12  # pixels: up to here a fully connected network is faster and better than a convolutional one


class Family(NamedTuple):
    """The two networks of a family; both are called with one `Sizes`."""

    generator: type[nn.Module]
    discriminator: type[nn.Module]


FAMILIES: dict[str, Family] = {
    "mlp": Family(mlp.Generator, mlp.Discriminator),
    "dcgan": Family(dcgan.Generator, dcgan.Discriminator),
    "resnet": Family(resnet.Generator, resnet.Discriminator),
    "laplacian": Family(laplacian.Generator, laplacian.Discriminator),
    "conv1d": Family(conv1d.Generator, conv1d.Discriminator),
}


def choose(network: str, size: int, families: Sequence[str] | None = None) -> str:
    """Return the family that `network` names; "auto" is "mlp" for images of up to 12 pixels a side, else "dcgan".

    families: those that are made for the kind of data, where not all are; "auto" is the first of them then.
    Raises ValueError for a name that is not listed.
    """
    if network == "auto" and families is not None:
        return families[0]
    if network == "auto":
        return "mlp" if size <= SMALL else "dcgan"
    if network not in FAMILIES:
        raise ValueError(f"network: {network!r} is not a family; use auto or one of {', '.join(FAMILIES)}")
    return network
