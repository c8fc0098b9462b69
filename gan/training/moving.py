"""What moves while networks train against each other, as arrays and plain values, and put back to go on from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

ADAM = ("step", "exp_avg", "exp_avg_sq")  # what the optimiser holds of each weight


@dataclass(frozen=True)
class Moving:
    """Networks and optimisers by name, and the generators that batches and shifts are drawn from."""

    networks: Mapping[str, nn.Module]
    optimisers: Mapping[str, torch.optim.Optimizer]
    rng: np.random.Generator
    shifts: torch.Generator

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that is tensors."""
        arrays = {"shifts": array(self.shifts.get_state())}
        for name, network in self.networks.items():
            arrays |= weights_of(network, name)
        for name, optimiser in self.optimisers.items():
            for place, weight in enumerate(optimiser.param_groups[0]["params"]):
                held = optimiser.state[weight]
                arrays |= {f"{name}.{place}.{key}": array(held[key]) for key in ADAM if key in held}
        return arrays

    def notes(self) -> dict[str, Any]:
        """Return what is no tensor."""
        return {"rng": self.rng.bit_generator.state}

    def restore(self, arrays: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> None:
        """Put back what `arrays` and `notes` have returned."""
        self.rng.bit_generator.state = notes["rng"]
        if (
            arrays["shifts"].shape == self.shifts.get_state().shape
        ):  # else drawn on another kind of device: it draws anew
            self.shifts.set_state(torch.tensor(arrays["shifts"]))
        for name, network in self.networks.items():
            put_into(network, name, arrays)
        for name, optimiser in self.optimisers.items():
            for place, weight in enumerate(optimiser.param_groups[0]["params"]):
                held = {key: arrays[f"{name}.{place}.{key}"] for key in ADAM if f"{name}.{place}.{key}" in arrays}
                optimiser.state[weight] = {key: _beside(weight, value) for key, value in held.items()}


def array(tensor: torch.Tensor) -> np.ndarray:
    """Return a copy in the plain order."""
    return np.array(tensor.detach().cpu().contiguous().numpy())


def weights_of(network: nn.Module, name: str) -> dict[str, np.ndarray]:
    """Return all weights of a network, their names after `name`."""
    return {f"{name}.{part}": array(tensor) for part, tensor in network.state_dict().items()}


@torch.no_grad()
def put_into(network: nn.Module, name: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Put back what `weights_of` returned; where they lie, and in which order, the weights stay."""
    for part, tensor in network.state_dict().items():
        tensor.copy_(torch.tensor(arrays[f"{name}.{part}"]))


def _beside(weight: torch.Tensor, value: np.ndarray) -> torch.Tensor:
    """Return a moment of the optimiser in the order of its weight, since the fused step takes both as they lie in memory."""
    found = torch.tensor(value)
    if found.shape != weight.shape:  # the count of steps
        return found.to(weight.device)
    return torch.empty_like(weight, requires_grad=False).copy_(found)
