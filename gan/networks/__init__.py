"""The network families: a pair of generator and discriminator each, built from the same `Sizes`.

A new family is a module with a `Generator` and a `Discriminator`, and a line in `FAMILIES`.
"""

from typing import NamedTuple

from torch import nn

from gan.networks import dcgan, mlp
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
}


def choose(network: str, size: int) -> str:
    """Return the family that `network` names; "auto" is "mlp" for pictures of up to 12 pixels a side, else "dcgan".

    Raises ValueError for a name that is not listed.
    """
    if network == "auto":
        return "mlp" if size <= SMALL else "dcgan"
    if network not in FAMILIES:
        raise ValueError(f"network: {network!r} is not a family; use auto or one of {', '.join(FAMILIES)}")
    return network
