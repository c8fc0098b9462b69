"""Random generators made from the run's seed and stable names.

Nothing in Tailweight draws from a global generator. Code that needs randomness asks here with the run's seed and a name
of its own, so that adding one draw never shifts another.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, *names: str | int) -> int:
    """Return a seed in [0, 2**63) that depends on `seed` and every name, the same in each process and on each machine.

    >>> derive(0, "train", "digit-3") == derive(0, "train", "digit-3")
    True
    >>> derive(0, "train", "digit-3") == derive(0, "train", "digit-8")
    False
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return NumPy's default generator, seeded by `derive(seed, *names)`."""
    return np.random.default_rng(derive(seed, *names))


def torch_generator(seed: int, *names: str | int, device: "torch.device | str" = "cpu") -> "torch.Generator":
    """Return a torch generator on `device`, seeded by `derive(seed, *names)`."""
    import torch

    return torch.Generator(device=device).manual_seed(derive(seed, *names))
