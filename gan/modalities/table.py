"""Tables: data frames to tensors, and back onto the values, types and missing entries that the data has.

A row is, for the networks, an image of one pixel with d channels; `gan.modalities.layout` says what they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from gan import blocks
from gan import columns as parts
from gan.columns import CategoryColumn, Column, FixedColumn
from gan.columns.dtypes import describe, restore
from gan.columns.numbers import NumberColumn
from gan.kinds import KINDS, Kind, infer_kinds
from gan.modalities.layout import HOT, Layout, places, width_of
from gan.repeats import digests

__all__ = ["Kind", "TableCodec", "infer_kinds"]

BLOCK = 65_536  # rows encoded at once


@dataclass(frozen=True)
class TableCodec:
    """What has to be known of the training rows to encode and to decode.

    columns: one for each of the frame, in its order. names: the type of the frame's column index, as plain values.
    """

    columns: tuple[Column, ...]
    names: Mapping[str, Any] = field(default_factory=lambda: {"name": "object"})

    kind: ClassVar[str] = "table"
    families: ClassVar[tuple[str, ...] | None] = ("mlp",)
    policies: ClassVar[tuple[str, ...]] = ("spread", "neighbours", "wide_spread")
    noisy: ClassVar[bool] = True  # a little costs nothing and takes rows off the lines between real ones
    steps: ClassVar[int] = 0
    constrainable: ClassVar[bool] = True
    carried: ClassVar[bool] = False
    at_once: ClassVar[int] = 80 * blocks.BLOCK  # a frame costs more to build than its rows

    @classmethod
    def fit(cls, frame: pd.DataFrame, kinds: Mapping[Any, Kind] | None = None) -> Self:
        """Learn the columns of `frame`, training rows only; `kinds` of all columns, else those of `infer_kinds`.

        Raises ValueError when there is no row or column, a kind is missing or unknown, a value is infinite, or a column
        is not of its kind.
        """
        if frame.empty:
            raise ValueError(f"table: expected rows and columns, got {len(frame)} rows and {frame.shape[1]} columns")
        found = infer_kinds(frame) if kinds is None else kinds
        wrong = [name for name in frame.columns if found.get(name) not in KINDS]
        if wrong:
            raise ValueError(f"table: column {wrong[0]!r} has no kind; give it one of {', '.join(KINDS)}")
        learnt = tuple(parts.fit_column(name, found[name], frame[name]) for name in frame.columns)
        return cls(learnt, describe(frame.columns.dtype))

    @property
    def channels(self) -> int:
        """Channels of an encoded row, d; at least 1."""
        return self._width

    @property
    def continuous(self) -> np.ndarray:
        """Which channels hold numbers that noise can be added to, (d, 1, 1) bool: neither categories nor states."""
        return (np.arange(self.channels) < self._number_count)[:, None, None]

    @property
    def learnt(self) -> list[Any]:
        """Names of the columns that are learnt: neither constants nor identifiers."""
        return [column.name for column in self.columns if not isinstance(column, FixedColumn)]

    def shape(self, samples: pd.DataFrame) -> tuple[int, int]:
        """Return the channels of a row, and 1: it is an image of one pixel. ValueError for something else than a frame."""
        if not isinstance(samples, pd.DataFrame):
            raise ValueError(f"table: expected a data frame, got {type(samples).__name__}")
        return self.channels, 1

    def encode(self, samples: pd.DataFrame | np.ndarray) -> torch.Tensor:
        """Turn a frame of n rows into (n, d, 1, 1) float32, in blocks; an array is what `pack` returned.

        A category that was not seen has no channel on. Raises ValueError when a column is missing or unknown, or holds
        something else than it did.
        """
        return torch.from_numpy(self.pack(samples))

    def pack(self, samples: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Return the encoded rows as an array, (n, d, 1, 1) float32, which draws rows much faster than a frame."""
        if isinstance(samples, np.ndarray):
            if samples.shape[1:] != (self.channels, 1, 1):
                raise ValueError(f"table: expected a data frame or (n, {self.channels}, 1, 1), got {samples.shape}")
            return samples
        self._check(samples)
        packed = np.zeros((len(samples), self.channels, 1, 1), np.float32)
        for first in range(0, len(samples), BLOCK):
            self._encode(samples.iloc[first : first + BLOCK], packed[first : first + BLOCK, :, 0, 0])
        return packed

    def weights(self, weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Turn `weight`, (n, 1, 1, 1) in [0, 1), into one for each channel, (n, d, 1, 1).

        A column of categories has a weight of its own, drawn from `rng`, as each attribute has in SMOTE's first
        description (Chawla et al. 2002, arXiv 1106.1813, section 4.2): with a common one, all of them would be those of
        the nearer parent. Numbers keep the common one, and so do columns with missing values, which are missing together.
        """
        spread = np.repeat(weight.astype(np.float32), self.channels, axis=1)
        for first, count in self._free:
            spread[:, first : first + count] = rng.random((len(weight), 1, 1, 1), dtype=np.float32)
        return spread

    def settle(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> torch.Tensor:
        """Put `x`, (n, d, 1, 1), onto the data: numbers on the grid and in range, one category a column.

        starts: the encoded starts, of the same shape. With them every category, spike or missing value is that of one
        of the two parents. The gradient passes unchanged (straight-through, Bengio et al. 2013, arXiv 1308.3432), to
        categories only where a parent has them. So the discriminator judges in training just what is handed out later.
        """
        start = None if starts is None else starts.flatten(1)
        return self._layout(x.device).settle(x.flatten(1), start)[..., None, None]

    def displace(self, base: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        """Return `base + change`, (n, d, 1, 1), for the numbers; categories, spikes and missing values stay as they are.

        A number stays, too, where a parent of `base` is a spike or missing, and where `change` leads to or from one.
        """
        state = self._layout(base.device).state  # one channel a number column, d where it has no state
        sure = F.pad(base.flatten(1), (0, 1), value=HOT)[:, state] == HOT
        alike = F.pad(change.flatten(1), (0, 1))[:, state] == 0
        free = F.pad(sure & alike, (0, self.channels - len(state)))
        return torch.where(free[..., None, None], base + change, base)

    def decode(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> pd.DataFrame:
        """Turn (n, d, 1, 1) floats into n rows with the columns and types of the data; `starts` as in `settle`.

        Identifiers are synthetic: strings say so, whole numbers lie below all real ones, other types are missing.
        """
        start = None if starts is None else starts.flatten(1)
        numbers = self._layout(x.device).values(x.flatten(1), start)
        cells = self.settle(x, starts).flatten(1).cpu().numpy()
        marks = _fingerprints(x.flatten(1).cpu().numpy())
        made: list[pd.Series] = []
        at = iter(range(self._number_count))
        for column in self.columns:
            if isinstance(column, FixedColumn):
                made.append(column.series(marks))
            elif isinstance(column, CategoryColumn):
                made.append(column.series(self._codes(column, cells)))
            else:
                state = self._block(column, cells).argmax(1) if column.states else None
                made.append(column.series(numbers[:, next(at)], state))
        frame = pd.concat(made, axis=1)
        frame.columns = pd.Index([column.name for column in self.columns], dtype=restore(self.names))
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return the codec as plain values, fit for JSON."""
        return {"columns": [parts.to_dict(column) for column in self.columns], "names": dict(self.names)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` returned."""
        return cls(tuple(parts.from_dict(column) for column in values["columns"]), values["names"])

    def _check(self, frame: pd.DataFrame) -> None:
        expected = [column.name for column in self.columns]
        if isinstance(frame, pd.DataFrame) and list(frame.columns) == expected:
            return
        if not isinstance(frame, pd.DataFrame):
            raise ValueError(f"table: expected a data frame, got {type(frame).__name__}")
        lost = [name for name in expected if name not in frame.columns]
        extra = [name for name in frame.columns if name not in expected]
        raise ValueError(
            f"table: expected the {len(expected)} columns that the codec was fitted to, in their order; "
            f"missing: {lost or 'none'}, unknown: {extra or 'none'}"
        )

    def joined(self, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """Put rows one after the other, numbered anew; an empty first part says the types where it is the only one."""
        return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)

    def take(self, samples: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
        """Return the rows at `rows`, (m,) int, numbered anew."""
        return samples.iloc[rows].reset_index(drop=True)

    def digests(self, samples: pd.DataFrame) -> np.ndarray:
        """Return a number for each of n rows, (n,) uint64: the same where the columns that are learnt are.

        Identifiers never repeat, so they do not count.
        """
        parts = [column for column in self.columns if not isinstance(column, FixedColumn)]
        told = np.zeros((len(samples), len(parts)))
        for place, column in enumerate(parts):
            own = samples[column.name]
            told[:, place] = column.numbers(own) if isinstance(column, NumberColumn) else column.codes(own)
        told[np.isnan(told)] = np.nan  # all with the same bytes, as those of zero
        return digests(told + 0.0)

    def _encode(self, frame: pd.DataFrame, out: np.ndarray) -> None:
        """Write the rows of `frame` into `out`, (n, d), which is zero."""
        rows = np.arange(len(frame))
        at = iter(range(self._number_count))
        if not self.learnt:
            out[:] = HOT
        for column in self.columns:
            if isinstance(column, NumberColumn):
                numbers = column.numbers(frame[column.name])
                place = next(at)
                state = column.state(numbers)
                out[:, place] = np.where((state == 0) & ~np.isnan(numbers), column.scaled(numbers), 0)
                if column.states:
                    out[rows, self._firsts[column.name] + state] = HOT
            elif isinstance(column, CategoryColumn):
                codes = column.codes(frame[column.name])
                known = codes >= 0
                first = self._firsts[column.name]
                if column.bits:
                    bits = codes[known, None] >> np.arange(column.bits) & 1
                    out[known, first : first + column.bits] = np.where(bits, HOT, -HOT)
                else:
                    out[rows[known], first + codes[known]] = HOT

    def _codes(self, column: CategoryColumn, cells: np.ndarray) -> np.ndarray:
        """Return the categories in settled `cells`, (n, d) -> (n,); bits of no category lose the highest one."""
        block = self._block(column, cells)
        if not column.bits:
            return block.argmax(1)
        codes = ((block > 0) << np.arange(column.bits)).sum(1)
        return np.where(codes < column.states, codes, codes - 2 ** (column.bits - 1))

    def _block(self, column: CategoryColumn | NumberColumn, cells: np.ndarray) -> np.ndarray:
        first = self._firsts[column.name]
        wide = column.bits if isinstance(column, CategoryColumn) and column.bits else column.states
        return cells[:, first : first + wide]

    @cached_property
    def _width(self) -> int:
        return width_of(self.columns)

    @cached_property
    def _firsts(self) -> dict[Any, int]:
        return places(self.columns)[0]

    @cached_property
    def _free(self) -> list[tuple[int, int]]:
        """First channel and number of channels of each column of categories that is never missing."""
        free = [column for column in self.columns if isinstance(column, CategoryColumn) and not column.missing]
        return [(self._firsts[column.name], column.bits or column.states) for column in free]

    @cached_property
    def _number_count(self) -> int:
        return sum(isinstance(column, NumberColumn) for column in self.columns)

    @cached_property
    def _layouts(self) -> dict[torch.device, Layout]:
        return {}

    def _layout(self, device: torch.device) -> Layout:
        if device not in self._layouts:
            self._layouts[device] = Layout.of(self.columns).to(device)
        return self._layouts[device]


def _fingerprints(x: np.ndarray) -> np.ndarray:
    """Return a number for each row of `x`, (n, d) float32, that depends on all of its bits: (n,) uint64.

    A polynomial of the bits modulo 2**64 with an odd base.
    """
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    marks = np.zeros(len(x), np.uint64)
    for channel in bits.T:
        marks = marks * np.uint64(0x9E3779B97F4A7C15) + channel
    marks ^= marks >> np.uint64(29)
    return marks * np.uint64(0xBF58476D1CE4E5B9)
