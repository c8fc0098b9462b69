"""A network asked about many samples, with the same arithmetic for each however many they are."""

from collections.abc import Callable, Sequence

import torch

BLOCK = 64  # rows that go through a network at once


def blockwise(network: Callable[..., torch.Tensor], given: Sequence[torch.Tensor], rows: int = BLOCK) -> torch.Tensor:
    """Return what `network` makes of the tensors `given`, (n, ...) each, n >= 1: (n, ...).

    A matrix product may round a row differently with the number of rows, or where in memory they start. So they go in
    blocks of one shape, the last one filled up with its first row, from tensors of their own. What a row gives does not
    depend on what else is in its block, and with the networks here not on its place there (`tests/gan/test_sample.py`).
    rows: in a block.
    """
    made = []
    for first in range(0, len(given[0]), rows):
        parts = [tensor[first : first + rows] for tensor in given]
        left = rows - len(parts[0])
        full = [torch.cat([part, part[:1].expand(left, *part.shape[1:])]) for part in parts]
        made.append(network(*full)[: rows - left])
    return torch.cat(made)
