"""Candidates from a trained GAN, each from its own seed."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from gan.device import prepare_device
from gan.modalities import Samples
from gan.model import GAN, Progress
from gan.seeds import numpy_generator
from gan.starts import Neighbours, draw

REPORT_EVERY = 200  # pictures, decoded at once
ROWS_AT_ONCE = 5000  # of a table; a frame costs more to build than its rows


class Generated(NamedTuple):
    """Candidates and where each started: at `weight` of the way from its reference to its neighbour.

    samples: (n, s, s, c) uint8, or a data frame of n rows. reference_index, neighbour_index: (n,) int64, rows of the
    references. weight: (n,).
    """

    samples: Samples
    reference_index: np.ndarray
    neighbour_index: np.ndarray
    weight: np.ndarray


@torch.inference_mode()
def generate(
    gan: GAN,
    references: Samples,
    class_index: int,
    seeds: np.ndarray,
    progress: Progress | None = None,
) -> Generated:
    """Make one candidate for each of `seeds`, (n,) int, from the class's real training samples, (m, s, s, c) or rows.

    A candidate depends on its own seed alone, not on how many others are made or on its place among them. So each goes
    through the network by itself, from tensors of its own: a matrix product may round a row differently with the number
    of rows, their order, or where in memory they start. What is done to many at once treats every number by itself.
    """
    device = prepare_device()
    generator = gan.generator.to(device)
    encoded = gan.codec.encode(references).numpy()  # (m, c, s, s)
    neighbours = Neighbours.of(gan.codec.pack(references), gan.neighbours)
    label = torch.tensor([class_index], device=device)
    at_once = ROWS_AT_ONCE if isinstance(references, pd.DataFrame) else REPORT_EVERY
    made: list[Samples] = [references[:0]]
    reference_index, neighbour_index = np.empty((2, len(seeds)), np.int64)
    weight = np.empty(len(seeds))
    for first in range(0, len(seeds), at_once):
        rows = range(first, min(first + at_once, len(seeds)))
        starts = torch.empty(len(rows), *encoded.shape[1:])
        outputs = torch.empty_like(starts)
        for place, row in enumerate(rows):
            rng = numpy_generator(int(seeds[row]), "candidate")
            drawn = draw(encoded, rng, neighbours=neighbours)
            start = torch.from_numpy(drawn.start[None]).to(device).clone()
            noise = torch.from_numpy(rng.standard_normal((1, gan.sizes.noise_dim), dtype=np.float32)).to(device)
            starts[place], outputs[place] = start[0], generator(start, noise.clone(), label)[0]
            _, reference_index[row], neighbour_index[row], weight[row] = drawn
        made.append(gan.codec.decode(outputs, starts))
        if progress is not None:
            progress(rows.stop, len(seeds), {})
    return Generated(_joined(made), reference_index, neighbour_index, weight)


def _joined(parts: list[Samples]) -> Samples:
    """Put parts of one kind together; the first says the kind where it is the only one."""
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts[1:] or parts, ignore_index=True)
    return np.concatenate(parts)
