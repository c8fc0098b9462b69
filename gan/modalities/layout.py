"""How the columns of a table lie side by side as channels, and how a generator's output is put back onto the data.

Channels: first one for each number column; then the one-hot blocks, of categories and of the states of a number column
(a number, a spike, missing); then the bits of columns with very many categories.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from gan.columns import CategoryColumn, Column, FixedColumn
from gan.columns.numbers import NumberColumn

HOT = 0.5  # of a one-hot channel that is on; off is 0. Two categories are 0.7 apart, two usual numbers about 1
LARGEST = 700.0  # the hyperbolic sine of more is infinite
MIXED = 997.0  # times the usual step: of so many parts of it, where in one a number lies is as good as chance
LEAST_SHARE = 0.02  # of a start that is a number; below, dividing by it would blow rounding up


@dataclass(frozen=True)
class Layout:
    """Places and limits as tensors, c number columns, b blocks of up to k channels, d channels in all.

    centre, scale, low, high, step: (c,) float64. state: (c,) channel that says "a number", d where there is no state.
    block: (b, k) channels, d beyond the end of a block. levelled: (l,) number columns with levels.
    levels: (l, m) float64, the last one repeated. between: (l, m - 1) midpoints, infinite beyond the last.
    plain, plain_between: the same of the levels on the usual grid.
    """

    centre: torch.Tensor
    scale: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    step: torch.Tensor
    usual: torch.Tensor
    off: torch.Tensor
    state: torch.Tensor
    block: torch.Tensor
    bits: int  # first channel of the bits
    levelled: torch.Tensor
    levels: torch.Tensor
    between: torch.Tensor
    plain: torch.Tensor
    plain_between: torch.Tensor

    @classmethod
    def of(cls, columns: tuple[Column, ...]) -> "Layout":
        """Lay `columns` out."""
        numbers = [column for column in columns if isinstance(column, NumberColumn)]
        firsts, counts = places(columns)
        width = width_of(columns)
        state = [firsts[column.name] if column.states else width for column in numbers]
        blocks = [(firsts[name], count) for name, count in counts.items()]
        widest = max((count for _, count in blocks), default=0)
        block = [[first + k if k < count else width for k in range(widest)] for first, count in blocks]
        levelled = [place for place, column in enumerate(numbers) if column.levels]
        levels, between = _table([numbers[place].levels for place in levelled])
        plain, plain_between = _table([numbers[place].usual_levels for place in levelled])

        def each(name: str) -> torch.Tensor:
            return torch.tensor([getattr(column, name) for column in numbers], dtype=torch.float64)

        return cls(
            centre=each("centre"),
            scale=each("scale"),
            low=each("low"),
            high=each("high"),
            step=each("step"),
            usual=each("usual"),
            off=each("off"),
            state=torch.tensor(state, dtype=torch.int64),
            block=torch.tensor(block, dtype=torch.int64).reshape(len(blocks), widest),
            bits=len(numbers) + sum(counts.values()),
            levelled=torch.tensor(levelled, dtype=torch.int64),
            levels=levels,
            between=between,
            plain=plain,
            plain_between=plain_between,
        )

    def to(self, device: torch.device) -> "Layout":
        """Return the layout on `device`."""
        tensors = {name: part.to(device) for name, part in vars(self).items() if isinstance(part, torch.Tensor)}
        return replace(self, **tensors)  # type: ignore[arg-type]  # of the tensors alone

    def values(self, x: torch.Tensor, start: torch.Tensor | None = None) -> np.ndarray:
        """Return the numbers in `x`, (n, d), on the grid and within the range, as (n, c) float64.

        The hyperbolic sine is that of the C library, one value at a time: torch's rounds a value otherwise where it is
        one of the last of an array.
        """
        encoded = self._number(x, start).double().clamp(-LARGEST, LARGEST).cpu().numpy()
        sines = torch.from_numpy(np.frompyfunc(math.sinh, 1, 1)(encoded).astype(np.float64)).to(x.device)
        return self._snap(self.centre + self.scale * sines).cpu().numpy()

    def _number(self, x: torch.Tensor, start: torch.Tensor | None) -> torch.Tensor:
        """Return the number channels of `x`, (n, c).

        Where one parent is a spike or missing, and 0 here, the start is a share of the other's number: of that it is
        made up to the whole.
        """
        count = len(self.centre)
        if start is None:
            return x[:, :count]
        share = F.pad(start, (0, 1), value=HOT)[:, self.state] / HOT  # (n, c), how much of the start is a number
        return x[:, :count] + start[:, :count] * (1 / share.clamp(min=LEAST_SHARE) - 1)

    def _snap(self, raw: torch.Tensor) -> torch.Tensor:
        """Move the numbers `raw`, (n, c) float64, into the range and onto the grid or the levels.

        Where most values lie on a coarser grid, a number goes there unless it lies so near to the fine one that a share of
        `off` does by chance: as many stay off the coarse grid as in the data. Where there is no fine grid, distant
        decimals of the number say whether it does.
        """
        raw = torch.minimum(torch.maximum(raw, self.low), self.high)
        steps = torch.where(self.step > 0, self.step, 1.0)
        fine = torch.where(self.step > 0, self.low + torch.round((raw - self.low) / steps) * self.step, raw)
        usual = torch.where(self.usual > 0, self.usual, 1.0)
        coarse = torch.minimum(torch.maximum(torch.round(raw / usual) * usual, self.low), self.high)
        turns = raw / usual * MIXED
        far = torch.where(self.step > 0, (raw - fine).abs() * 2 / steps, (turns - turns.floor() - 0.5).abs() * 2)
        on_usual = (self.usual > 0) & (far >= self.off)
        raw = torch.where(on_usual, coarse, fine)
        if len(self.levelled):
            asked = fine[:, self.levelled].T.contiguous()  # (l, n)
            nearest = self.levels.gather(1, torch.searchsorted(self.between, asked)).T
            plain = self.plain.gather(1, torch.searchsorted(self.plain_between, asked)).T
            raw[:, self.levelled] = torch.where(on_usual[:, self.levelled], plain, nearest)
        return raw

    def settle(self, x: torch.Tensor, start: torch.Tensor | None) -> torch.Tensor:
        """Put `x`, (n, d), onto the data, straight-through; `start` as in `TableCodec.settle`."""
        blocks = slice(len(self.centre), self.bits)
        hot = self._hot(x.detach(), start)
        number = self._number(x, start)
        raw = self.centre + self.scale * torch.sinh(number.detach().double())
        at = torch.asinh((self._snap(raw) - self.centre) / self.scale).to(x.dtype)
        number = number + (at - number).detach()
        number = torch.where(hot[:, self.state] > 0, number, 0.0)
        block = x[:, blocks]
        if start is not None:  # the gradient passes to the categories of the parents alone
            block = torch.where(start[:, blocks] > 0, block, block.detach())
        block = block + (hot[:, blocks] - block).detach()
        bits = (x if start is None else start)[:, blocks.stop :]
        signs = torch.where(bits >= 0, HOT, -HOT).to(x.dtype)
        return torch.cat([number, block, signs], 1)

    @torch.no_grad()
    def _hot(self, x: torch.Tensor, start: torch.Tensor | None) -> torch.Tensor:
        """Return (n, d + 1) with one channel of each block on, and the last one, where there is no block, too.

        The one with the highest `x`, (n, d), among those where `start` is on, which are those of its two parents.
        """
        hot = torch.zeros(len(x), x.shape[1] + 1, dtype=x.dtype, device=x.device)
        hot[:, -1] = HOT
        if not self.block.numel():
            return hot
        bids = F.pad(x, (0, 1), value=-torch.inf)
        if start is not None:
            bids = bids.masked_fill(F.pad(start, (0, 1)) <= 0, -torch.inf)
        winner = bids[:, self.block].argmax(-1)  # (n, b), places in a block
        channel = self.block.expand(len(x), -1, -1).gather(-1, winner[..., None])[..., 0]
        return hot.scatter_(1, channel, HOT)


def places(columns: tuple[Column, ...]) -> tuple[dict[object, int], dict[object, int]]:
    """Return the first channel of each column's block or bits, and the size of each block, by name."""
    at = sum(isinstance(column, NumberColumn) for column in columns)
    firsts: dict[object, int] = {}
    counts: dict[object, int] = {}
    for column in columns:
        one_hot = not isinstance(column, CategoryColumn) or not column.bits
        if not isinstance(column, FixedColumn) and column.states and one_hot:
            firsts[column.name], counts[column.name] = at, column.states
            at += column.states
    for column in columns:
        if isinstance(column, CategoryColumn) and column.bits:
            firsts[column.name] = at
            at += column.bits
    return firsts, counts


def width_of(columns: tuple[Column, ...]) -> int:
    """Return the number of channels, at least 1: a table of constants has one that is always 0."""
    width = 0
    for column in columns:
        if isinstance(column, NumberColumn):
            width += 1 + column.states
        elif isinstance(column, CategoryColumn):
            width += column.bits or column.states
    return max(1, width)


def _table(levels: Sequence[Sequence[float]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return levels, those of a column in a row, (l, m), and the midpoints between them, (l, m - 1)."""
    most = max(map(len, levels), default=1)
    table = np.array([[*one, *[one[-1]] * (most - len(one))] for one in levels]).reshape(-1, most)
    between = (table[:, 1:] + table[:, :-1]) / 2
    between[table[:, 1:] == table[:, :-1]] = np.inf
    return torch.from_numpy(table), torch.from_numpy(between)
