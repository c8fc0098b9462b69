"""Images: uint8 arrays to tensors in [-1, 1], and back onto the grey levels and the background that the data has.

An image a few levels off what any camera of the data set would write is easy to tell from a real one, however good it
looks, and a classifier trained on it learns the difference instead of the class.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
import torch

from gan.blocks import BLOCK
from gan.modalities.arrays import Arrays

FEW_LEVELS = 64  # data with at most this many distinct values is put back onto exactly these
BACKGROUND_SHARE = 0.1  # the most common value is a background when it is an extreme and at least this share of all


@dataclass(frozen=True)
class ImageCodec(Arrays):
    """What has to be known of the training images to encode and to decode.

    levels: the values an output may take, ascending, each in 0..255.
    background: the value of empty pixels (the darkest or the brightest), or None when the data has no such value.
    """

    levels: tuple[int, ...]
    background: int | None

    kind: ClassVar[str] = "images"
    families: ClassVar[tuple[str, ...] | None] = None
    policies: ClassVar[tuple[str, ...]] = ("neighbours", "borrowed")
    noisy: ClassVar[bool] = False  # noise is the first thing that one sees in an image
    steps: ClassVar[int] = 0
    constrainable: ClassVar[bool] = False
    carried: ClassVar[bool] = True
    at_once: ClassVar[int] = 4 * BLOCK

    @classmethod
    def fit(cls, samples: np.ndarray, kinds: Mapping[Any, Any] | None = None) -> Self:
        """Learn levels and background from `samples`, (n, h, w, c) uint8; images have no columns, so no `kinds`.

        Raises ValueError when the array has another shape or type, or no sample.
        """
        if samples.dtype != np.uint8 or samples.ndim != 4 or samples.size == 0:
            raise ValueError(f"images: expected (n, h, w, c) uint8, got {samples.shape} {samples.dtype}")
        counts = np.bincount(samples.reshape(-1), minlength=256)
        seen = np.flatnonzero(counts)
        mode = int(counts.argmax())
        empty = mode in (seen[0], seen[-1]) and counts[mode] >= BACKGROUND_SHARE * samples.size
        levels = seen if len(seen) <= FEW_LEVELS else np.arange(256)
        return cls(tuple(levels.tolist()), mode if empty else None)

    @property
    def continuous(self) -> np.ndarray:
        """Which channels hold numbers that noise can be added to, (1, 1, 1) bool: all."""
        return np.ones((1, 1, 1), bool)

    def shape(self, samples: np.ndarray) -> tuple[int, int]:
        """Return channels and side of `samples`; ValueError when not square, under 4 pixels or no array."""
        if not isinstance(samples, np.ndarray):
            raise ValueError(f"images: expected an array, got {type(samples).__name__}")
        return int(samples.shape[-1]), side(samples)

    def pack(self, samples: np.ndarray) -> np.ndarray:
        """Return what a training batch is drawn from: the images as they are, 4 times smaller than encoded."""
        return samples

    def encode(self, samples: np.ndarray) -> torch.Tensor:
        """Turn (n, h, w, c) uint8 into (n, c, h, w) float32 in [-1, 1]."""
        planes = np.ascontiguousarray(samples.transpose(0, 3, 1, 2))  # (n, c, h, w)
        return _to_unit(torch.from_numpy(planes))

    def settle(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> torch.Tensor:
        """Move `x`, (n, c, h, w), to the nearest level, and back to the background where `starts` sits exactly on it.

        The gradient passes the rounding unchanged (straight-through, Bengio et al. 2013, arXiv 1308.3432), and is zero
        where the background holds. So the discriminator judges in training just what is handed out later.
        """
        levels = _levels(self.levels, x.device)
        if starts is not None and self.background is not None:
            empty = levels[self.levels.index(self.background)]
            x = torch.where(starts == empty, starts, x)
        wanted = levels[_nearest(self.levels, x.device)][_steps(x.detach())]
        return x + (wanted - x).detach()

    def displace(self, base: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        """Return `base + change`, (n, c, h, w), within the range of the data; where `base` is background, it stays so."""
        levels = _levels(self.levels, base.device)
        moved = (base + change).clamp(levels[0], levels[-1])
        if self.background is None:
            return moved
        return torch.where(base == levels[self.levels.index(self.background)], base, moved)

    def decode(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> np.ndarray:
        """Turn (n, c, h, w) floats into (n, h, w, c) uint8 on the levels of the data.

        starts: (n, c, h, w), the encoded starts that `x` was made from; where one is exactly background, the output is.
        """
        levels = _levels(self.levels, x.device)
        index = _nearest(self.levels, x.device)[_steps(x)]
        if starts is not None and self.background is not None:
            empty = self.levels.index(self.background)
            index = torch.where(starts == levels[empty], empty, index)
        values = np.array(self.levels, np.uint8)[index.cpu().numpy()]  # (n, c, h, w)
        return np.ascontiguousarray(values.transpose(0, 2, 3, 1))

    def to_dict(self) -> dict[str, Any]:
        """Return the codec as plain values, fit for JSON."""
        return {**asdict(self), "levels": list(self.levels)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` returned."""
        return cls(tuple(int(level) for level in values["levels"]), values["background"])


@lru_cache
def _levels(levels: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Return grey levels as they are encoded, (levels,) on `device`; once, since a copy holds a CUDA device up."""
    return _to_unit(torch.tensor(levels, dtype=torch.uint8, device=device))


@lru_cache
def _nearest(levels: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Return the index of the level nearest to each of `_steps`, (511,).

    The middle between two whole numbers is a multiple of 1/2, so a step of 1/2 has one nearest level; to look it up
    is several times as fast as to search 256 levels.
    """
    inside, table = np.arange(511) / 2 - 0.25, np.array(levels)
    return torch.from_numpy(np.searchsorted((table[1:] + table[:-1]) / 2, inside)).to(device)


def side(samples: np.ndarray) -> int:
    """Return the side of square images, (n, s, s, c); ValueError when not square or under 4 pixels."""
    if samples.ndim != 4 or samples.shape[1] != samples.shape[2] or samples.shape[1] < 4:
        raise ValueError(f"images: expected (n, s, s, c) with s of 4 pixels or more, got {samples.shape}")
    return int(samples.shape[1])


def _steps(x: torch.Tensor) -> torch.Tensor:
    """Return in which step of 1/2 each of `x` lies when 0..255 is laid over [-1, 1]: 0..510, that up to 0 being 0."""
    return ((x + 1) * 255).ceil_().nan_to_num_(0).clamp_(0, 510).long()


def _to_unit(values: torch.Tensor) -> torch.Tensor:
    return values.to(torch.float32) / 127.5 - 1
