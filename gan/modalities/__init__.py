"""From the user's records to tensors, and back onto the grid of the data. A kind of data a file.

A new kind is a codec with the methods of the two here, and a line in `CODECS`.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from gan.modalities.images import ImageCodec
from gan.modalities.table import TableCodec

__all__ = ["CODECS", "Codec", "ImageCodec", "Samples", "TableCodec", "fit", "from_dict", "to_dict"]

Samples: TypeAlias = np.ndarray | pd.DataFrame  # pictures, (n, s, s, c) uint8, or rows of a table
Codec: TypeAlias = ImageCodec | TableCodec
CODECS: dict[str, type[Codec]] = {"images": ImageCodec, "table": TableCodec}


def fit(samples: Samples) -> Codec:
    """Learn the codec of `samples`: of a table when it is a data frame, else of pictures."""
    return TableCodec.fit(samples) if isinstance(samples, pd.DataFrame) else ImageCodec.fit(samples)


def to_dict(codec: Codec) -> dict[str, Any]:
    """Return the codec with its kind as plain values, fit for JSON."""
    kind = next(kind for kind, known in CODECS.items() if isinstance(codec, known))
    return {"kind": kind, **codec.to_dict()}


def from_dict(values: Mapping[str, Any]) -> Codec:
    """Rebuild what `to_dict` returned. Raises ValueError for a kind that is not known."""
    if values["kind"] not in CODECS:
        raise ValueError(f"codec: kind {values['kind']!r}, expected one of {', '.join(CODECS)}")
    return CODECS[values["kind"]].from_dict(values)
