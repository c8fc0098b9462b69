"""Small translations in front of the discriminator, for real and fake alike.

With few real samples a discriminator learns them by heart; one that sees each a little moved does so later (Zhao et al.
2020, arXiv 2006.10738). Whatever moves into the image repeats its edge, as in no data set a black bar would.
"""

from collections.abc import Callable

import torch

Augmentation = Callable[
    [torch.Tensor, torch.Generator], torch.Tensor
]  # samples (n, c, s, s) to as many, all from the generator

SHARE = 0.125  # the largest shift as a share of the side


def reach(size: int) -> int:
    """Return the largest shift in whole pixels for images of `size` pixels a side: 1 at 8, 3 at 28."""
    return int(SHARE * size)


def shift(x: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Move each of `x`, (n, c, s, s) float32, by its row of `offsets`, (n, 2) whole pixels down and right."""
    size = x.shape[-1]
    lines = torch.arange(size, device=x.device)
    picked = (lines[None, :, None] - offsets.to(x.device)[:, None, :]).clamp(0, size - 1)  # (n, s, 2)
    return pick_by_index(x, picked) if x.device.type == "cpu" else pick_by_matrix(x, picked)


def pick_by_index(x: torch.Tensor, picked: torch.Tensor) -> torch.Tensor:
    """Return the rows and columns `picked`, (n, s, 2), of each of `x`, (n, c, s, s); five times as fast on a CPU."""
    count, channels, size, _ = x.shape
    pixels = picked[:, :, None, 0] * size + picked[:, None, :, 1]  # (n, s, s), places in the flat image
    return x.flatten(2).gather(2, pixels.flatten(1)[:, None].expand(-1, channels, -1)).view(count, channels, size, size)


def pick_by_matrix(x: torch.Tensor, picked: torch.Tensor) -> torch.Tensor:
    """Do the same by multiplying with matrices of zeros and ones: on a GPU the gradient of an index does not repeat."""
    choose = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)[picked]  # (n, s, 2, s)
    rows, columns = choose[:, None, :, 0], choose[:, None, :, 1]  # (n, 1, s, s) each
    return rows @ x @ columns.mT


def random_shift(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Move each of `x`, (n, c, s, s), by its own draw, uniform within `reach` in both directions."""
    limit = reach(x.shape[-1])
    if limit == 0:
        return x
    drawn = torch.randint(-limit, limit + 1, (len(x), 2), generator=generator, device=generator.device)
    return shift(x, drawn)


def fixed_shifts(size: int) -> torch.Tensor:
    """Return the shifts that stand for all draws when a sample is scored, (9, 2): -d, 0, d each way, d = 2/3 reach.

    Where there is no reach, as for the row of a table, one shift of nothing: (1, 2).
    """
    step = round(2 * reach(size) / 3)
    if step == 0:
        return torch.zeros(1, 2, dtype=torch.int64)
    lines = torch.tensor([-step, 0, step])
    return torch.cartesian_prod(lines, lines)
