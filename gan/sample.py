"""Candidates from a trained GAN, each from its own seed."""

from typing import NamedTuple

import numpy as np
import torch

from gan.device import prepare_device
from gan.model import GAN, Progress
from gan.seeds import numpy_generator
from gan.starts import Neighbours, draw

REPORT_EVERY = 200  # candidates


class Generated(NamedTuple):
    """Candidates and where each started: at `weight` of the way from its reference to its neighbour.

    samples: (n, s, s, c) uint8. reference_index, neighbour_index: (n,) int64, rows of the references. weight: (n,).
    """

    samples: np.ndarray
    reference_index: np.ndarray
    neighbour_index: np.ndarray
    weight: np.ndarray


@torch.inference_mode()
def generate(
    gan: GAN,
    references: np.ndarray,
    class_index: int,
    seeds: np.ndarray,
    progress: Progress | None = None,
) -> Generated:
    """Make one candidate for each of `seeds`, (n,) int, from the class's real training samples, (m, s, s, c) uint8.

    A candidate depends on its own seed alone, not on how many others are made or on its place among them. So each goes
    through the network by itself: a matrix product may round a row differently with the number of rows or their order.
    """
    device = prepare_device()
    generator = gan.generator.to(device)
    encoded = gan.codec.encode(references).numpy()  # (m, c, s, s)
    neighbours = Neighbours.of(references, gan.neighbours)
    label = torch.tensor([class_index], device=device)
    samples = np.empty((len(seeds), *references.shape[1:]), np.uint8)
    reference_index, neighbour_index = np.empty((2, len(seeds)), np.int64)
    weight = np.empty(len(seeds))
    for row, seed in enumerate(seeds):
        rng = numpy_generator(int(seed), "candidate")
        drawn = draw(encoded, rng, neighbours=neighbours)
        start = torch.from_numpy(drawn.start[None]).to(device)
        noise = torch.from_numpy(rng.standard_normal((1, gan.sizes.noise_dim), dtype=np.float32)).to(device)
        samples[row] = gan.codec.decode(generator(start, noise, label), start)[0]
        _, reference_index[row], neighbour_index[row], weight[row] = drawn
        if progress is not None and ((row + 1) % REPORT_EVERY == 0 or row + 1 == len(seeds)):
            progress(row + 1, len(seeds), {})
    return Generated(samples, reference_index, neighbour_index, weight)
