"""Time series: windows of t steps in c channels to tensors, and back into the range, the grid and the steps of the data.

A series that leaves the range of its channel, or jumps further from one step to the next than any real one does, is told
from real ones at a glance.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch

from gan.blocks import BLOCK
from gan.columns.numbers import grid_of
from gan.modalities.arrays import Arrays

SLACK = 1.05  # times the longest jump in training: how far a sample may go in a step, on a grid to the value after that
FINEST = 2**23  # values on a grid, beyond which float32 does not tell a grid from none


@dataclass(frozen=True)
class SeriesCodec(Arrays):
    """What has to be known of the training series, (n, t, c), to encode and to decode; of each channel a number.

    steps: t. low, high: its range. grid: the step between the values it may take, from `low`, or 0; decimals: of these.
    jump: the longest way from one step of a series to the next.

    A series becomes (t * c, 1, 1), channel by channel, each channel's range laid over [-1, 1].
    """

    steps: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    grid: tuple[float, ...]
    decimals: tuple[int, ...]
    jump: tuple[float, ...]

    kind: ClassVar[str] = "series"
    families: ClassVar[tuple[str, ...] | None] = ("conv1d", "mlp")
    policies: ClassVar[tuple[str, ...]] = ("neighbours", "borrowed")
    noisy: ClassVar[bool] = False  # noise of its own at each step makes a smooth channel rough
    constrainable: ClassVar[bool] = False
    carried: ClassVar[bool] = False
    at_once: ClassVar[int] = 4 * BLOCK

    @classmethod
    def fit(cls, samples: np.ndarray, kinds: Mapping[Any, Any] | None = None) -> Self:
        """Learn range, grid and jumps of `samples`, (n, t, c) float32; series have no columns, so no `kinds`.

        Raises ValueError when the array has another shape or type, no sample, a single step, or values that are not finite.
        """
        if not isinstance(samples, np.ndarray) or samples.ndim != 3 or samples.dtype.kind != "f" or samples.size == 0:
            found = f"{samples.shape} {samples.dtype}" if isinstance(samples, np.ndarray) else type(samples).__name__
            raise ValueError(f"series: expected (n, t, c) float32, got {found}")
        if samples.shape[1] < 2 or not np.isfinite(samples).all():
            raise ValueError("series: expected two steps or more, and a finite value at each")
        values = samples.astype(np.float32)
        grids = [_grid(values[:, :, channel]) for channel in range(values.shape[2])]
        jump = np.abs(np.diff(values.astype(np.float64), axis=1)).max((0, 1))
        return cls(
            values.shape[1],
            tuple(values.min((0, 1)).tolist()),
            tuple(values.max((0, 1)).tolist()),
            tuple(step for step, _ in grids),
            tuple(decimals for _, decimals in grids),
            tuple(jump.tolist()),
        )

    @property
    def continuous(self) -> np.ndarray:
        """Which channels hold numbers that noise can be added to, (1, 1, 1) bool: all."""
        return np.ones((1, 1, 1), bool)

    def shape(self, samples: np.ndarray) -> tuple[int, int]:
        """Return channels and side of encoded `samples`, t * c and 1; ValueError when they are of another shape."""
        expected = (self.steps, len(self.low))
        if not isinstance(samples, np.ndarray) or samples.shape[1:] != expected:
            found = samples.shape if isinstance(samples, np.ndarray) else type(samples).__name__
            raise ValueError(f"series: expected (n, {expected[0]}, {expected[1]}), got {found}")
        return self.steps * len(self.low), 1

    def pack(self, samples: np.ndarray) -> np.ndarray:
        """Return the encoded series as rows, (n, t * c) float32: each channel counts alike in distances between them."""
        return self.encode(samples).flatten(1).numpy()

    def encode(self, samples: np.ndarray) -> torch.Tensor:
        """Turn (n, t, c), or rows of what `pack` returned, into (n, t * c, 1, 1) float32."""
        if samples.ndim == 2:
            return torch.from_numpy(np.ascontiguousarray(samples))[:, :, None, None]
        low, high = self._range()
        wide = np.where(high > low, high - low, 1)
        unit = ((samples - low) / wide * 2 - 1).astype(np.float32)  # (n, t, c)
        rows = np.ascontiguousarray(unit.transpose(0, 2, 1)).reshape(len(unit), self.steps * len(self.low))
        return torch.from_numpy(rows)[:, :, None, None]

    def settle(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> torch.Tensor:
        """Put `x`, (n, t * c, 1, 1), into the range and onto the grid of each channel.

        Where a channel would jump further than `jump` allows, its change from `starts` is shortened until it does not. The
        gradient passes unchanged (straight-through, Bengio et al. 2013, arXiv 1308.3432).
        """
        found = self._in_range(x.detach(), starts)
        count = _limits(self, x.device).cells
        nearest = torch.floor((found + 1) / 2 * count + 0.5) / count.clamp(min=1) * 2 - 1
        wanted = torch.where(count > 0, nearest, found).view_as(x)
        return x + (wanted - x).detach()

    def displace(self, base: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        """Return `base + change`, (n, t * c, 1, 1), in the range; a channel that would jump too far changes by less."""
        return self._in_range(base + change, base).view_as(base)

    def decode(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> np.ndarray:
        """Turn (n, t * c, 1, 1) floats into (n, t, c) float32 in the range and on the grid of each channel."""
        unit = self._in_time(self.settle(x, starts)).double().cpu().numpy().transpose(0, 2, 1)  # (n, t, c)
        low, high = self._range()
        values = low + (unit + 1) / 2 * (high - low)
        for channel, (step, decimals) in enumerate(zip(self.grid, self.decimals, strict=True)):
            if step:
                count = np.rint((values[:, :, channel] - low[channel]) / step)
                values[:, :, channel] = np.round(low[channel] + count * step, decimals)
        return np.ascontiguousarray(np.clip(values.astype(np.float32), *self._range(np.float32)))

    def to_dict(self) -> dict[str, Any]:
        """Return the codec as plain values, fit for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` returned."""
        names = ("low", "high", "grid", "decimals", "jump")
        return cls(int(values["steps"]), *(tuple(values[name]) for name in names))

    def _in_range(self, x: torch.Tensor, starts: torch.Tensor | None) -> torch.Tensor:
        """Return `x`, (n, t * c, 1, 1), as (n, c, t) in [-1, 1], its change from `starts` shortened as `settle` says."""
        limits = _limits(self, x.device)
        inside = torch.minimum(self._in_time(x).clamp(min=-1), limits.top)
        if starts is None:
            return inside
        start = self._in_time(starts)
        there = start.diff(dim=2)  # (n, c, t - 1), the jumps
        more = (inside - start).diff(dim=2)  # what is added to them
        room = torch.where(more > 0, limits.jump - there, limits.jump + there).clamp(min=0)
        share = torch.where(more.abs() > room, room / more.abs(), 1).amin(2, keepdim=True)
        return torch.where(share < 1, start + share * (inside - start), inside)

    def _in_time(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, t * c, 1, 1) as (n, c, t)."""
        return x.reshape(len(x), len(self.low), self.steps)

    def _range(self, dtype: type[np.floating[Any]] = np.float64) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.low, dtype), np.array(self.high, dtype)  # (c,) each


class _Limits(NamedTuple):
    """What bounds encoded series, of each channel, (c, 1) on a device; made once, since a copy holds a CUDA device up.

    cells: steps of the grid in the range, 0 without a grid. top: the highest value. jump: how far it may go in a step.
    """

    cells: torch.Tensor
    top: torch.Tensor
    jump: torch.Tensor


@lru_cache
def _limits(codec: SeriesCodec, device: torch.device) -> _Limits:
    low, high, grid, jump = (np.array(part) for part in (codec.low, codec.high, codec.grid, codec.jump))
    width = high - low
    cells = np.divide(width, grid, out=np.zeros_like(width), where=grid > 0).round()
    limits = (cells, np.where(width > 0, 1.0, -1.0), SLACK * 2 * jump / np.where(width > 0, width, 1))
    return _Limits(*(torch.from_numpy(limit[:, None].astype(np.float32)).to(device) for limit in limits))


def _grid(values: np.ndarray) -> tuple[float, int]:
    """Return the step of the grid that all of `values`, float32, lie on and its decimals; zeros where there is none."""
    known = np.unique(values).astype(np.float64)
    decimals, step = grid_of(known, np.dtype(np.float32))
    if decimals is None or step == 0 or (known[-1] - known[0]) / step > FINEST:
        return 0.0, 0
    return step, decimals
