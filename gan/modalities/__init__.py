"""From the user's records to tensors, and back onto the grid of the data, one file for each kind of data.

A new kind is a codec, a class with what `Codec` says, and a line in `CODECS`. All else in `gan` asks the codec.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
import pandas as pd
import torch

from gan.modalities.images import ImageCodec
from gan.modalities.series import SeriesCodec
from gan.modalities.table import TableCodec

__all__ = ["CODECS", "Codec", "ImageCodec", "Samples", "SeriesCodec", "TableCodec", "fit", "from_dict", "to_dict"]

Samples: TypeAlias = (
    np.ndarray | pd.DataFrame
)  # of one kind, one sample per row: images (n, s, s, c) uint8, series (n, t, c) float32, rows of a table


class Codec(Protocol):
    """What has to be known of the training samples of one kind to encode and to decode, and how the kind is treated.

    An encoded sample is an image of c channels and s pixels a side; what has no pixels, such as the row of a table, is one
    of d channels and 1 pixel.

    kind: the name in `CODECS`. families: the network families that are made for it, the usual one first, None for all.
    steps: of a series, whose channels are encoded one after the other, t values each; 0 where samples have no steps.
    policies: names of the starts that are rehearsed, see `gan.training.rehearse`, the preferred one first.
    noisy: whether starts may be spread by noise. constrainable: whether `gan.constraints` can be checked.
    carried: whether samples of one subgroup can be carried over to another, see `gan.carry`.
    at_once: candidates that are decoded at once; they fill whole blocks of `gan.blocks`, or the last is filled up.
    """

    kind: ClassVar[str]
    families: ClassVar[tuple[str, ...] | None]
    policies: ClassVar[tuple[str, ...]]
    noisy: ClassVar[bool]
    constrainable: ClassVar[bool]
    carried: ClassVar[bool]
    at_once: ClassVar[int]

    @classmethod
    def fit(cls, samples: Any, kinds: Mapping[Any, Any] | None = None) -> Self:
        """Learn the codec of training samples; kinds: what each column holds, where the kind of data has columns.

        Raises ValueError when they are not of this kind.
        """
        ...

    @property
    def steps(self) -> int:
        """How many steps in time an encoded sample has."""
        ...

    @property
    def continuous(self) -> np.ndarray:
        """Which channels hold numbers that noise can be added to, (c, 1, 1) bool, or (1, 1, 1) for all or none."""
        ...

    def shape(self, samples: Any) -> tuple[int, int]:
        """Return channels and side of encoded `samples`; ValueError when they are not of the codec's kind."""
        ...

    def pack(self, samples: Any) -> np.ndarray:
        """Return what training batches are drawn from, (n, ...): an array that `encode` also takes."""
        ...

    def encode(self, samples: Any) -> torch.Tensor:
        """Turn n samples, or rows of what `pack` returned, into (n, c, s, s) float32."""
        ...

    def weights(self, weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Turn how far each start lies from its reference to its neighbour, (n, 1, 1, 1) in [0, 1), into one that can be
        multiplied with encoded samples: itself, or one for each channel, (n, c, 1, 1).
        """
        ...

    def settle(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> torch.Tensor:
        """Put `x`, (n, c, s, s), onto the grid of the data, given the encoded `starts` that it was made from.

        The gradient passes unchanged (straight-through, Bengio et al. 2013, arXiv 1308.3432), so that the discriminator
        judges in training just what is handed out later.
        """
        ...

    def displace(self, base: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        """Return `base + change`, both (n, c, s, s), where that is still a sample; what cannot be moved stays."""
        ...

    def decode(self, x: torch.Tensor, starts: torch.Tensor | None = None) -> Any:
        """Turn (n, c, s, s) floats into n samples on the grid of the data; `starts` as in `settle`."""
        ...

    def joined(self, parts: Sequence[Any]) -> Any:
        """Put samples one after the other; at least one part, which may be empty."""
        ...

    def take(self, samples: Any, rows: np.ndarray) -> Any:
        """Return the samples at `rows`, (m,) int."""
        ...

    def digests(self, samples: Any) -> np.ndarray:
        """Return a number for each of n samples, (n,) uint64: the same where all that is learnt of them is."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return the codec as plain values, fit for JSON."""
        ...

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` returned."""
        ...


CODECS: dict[str, type[Codec]] = {codec.kind: codec for codec in (ImageCodec, TableCodec, SeriesCodec)}


def fit(samples: Samples) -> Codec:
    """Learn the codec of `samples`: of a table when it is a data frame, of series when each is (t, c), else of images."""
    if isinstance(samples, pd.DataFrame):
        return TableCodec.fit(samples)
    return SeriesCodec.fit(samples) if samples.ndim == 3 else ImageCodec.fit(samples)


def to_dict(codec: Codec) -> dict[str, Any]:
    """Return the codec with its kind as plain values, fit for JSON."""
    return {"kind": codec.kind, **codec.to_dict()}


def from_dict(values: Mapping[str, Any]) -> Codec:
    """Rebuild what `to_dict` returned. Raises ValueError for a kind that is not known."""
    if values["kind"] not in CODECS:
        raise ValueError(f"codec: kind {values['kind']!r}, expected one of {', '.join(CODECS)}")
    return CODECS[values["kind"]].from_dict(values)
