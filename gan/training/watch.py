"""What is looked at while a GAN trains: what its averaged generator makes of the same starts, time and again."""

import numpy as np
import torch
from torch import nn

from gan.health import DIGITS, Drawn, apart
from gan.seeds import numpy_generator
from gan.training.batches import Batch, Batches
from gan.training.keep import energy_score

LEAST, MOST, IN_ALL = 16, 64, 1024  # samples generated of a class each time, and of all classes about
REALS = 256  # real samples of a class that they are compared with


class Watch:
    """Fixed starts and noise of every class, real samples to compare with, and held-out ones where there are any.

    It draws from a seed of its own, so that training goes the same way unwatched.
    """

    def __init__(
        self,
        real: Batches,
        samples: np.ndarray,
        labels: np.ndarray,
        validation: tuple[np.ndarray, np.ndarray] | None,
        seed: int,
    ):
        """real: draws from `samples`, (n, s, s, c) uint8, with `labels`, (n,). validation: the like, held out."""
        self.codec = real.codec
        count = min(MOST, max(LEAST, IN_ALL // len(real.classes)))
        held_out, held_out_labels = validation or (samples[:0], labels[:0])
        self.batches: list[Batch] = []
        self.real: list[np.ndarray] = []
        self.held_out: list[np.ndarray] = []
        for label in real.classes:
            rng = numpy_generator(seed, "watch", int(label))
            self.batches.append(real.of_class(int(label)).draw(count, rng))
            self.real.append(self._rows(samples[labels == label]))
            self.held_out.append(self._rows(held_out[held_out_labels == label]))
        self.usual = [apart(rows) for rows in self.real]

    @torch.no_grad()
    def fakes(self, generator: nn.Module) -> list[np.ndarray]:
        """Return what `generator` makes of the starts, (n, d) a class, as the data would hold it."""
        return [self._settled(generator(batch.start, batch.noise, batch.labels), batch) for batch in self.batches]

    def diversity(self, fakes: list[np.ndarray]) -> float:
        """Return the mean distance between generated samples over that between real ones, the mean over classes."""
        ratios = [apart(made) / usual for made, usual in zip(fakes, self.usual, strict=True) if usual > 0]
        return round(float(np.mean(ratios)), DIGITS) if ratios else float("nan")

    def energy(self, fakes: list[np.ndarray]) -> np.ndarray:
        """Return the energy scores of all held-out samples, (h,)."""
        scores = [energy_score(made, own) for made, own in zip(fakes, self.held_out, strict=True)]
        return np.concatenate(scores).round(DIGITS)

    @property
    def shares(self) -> np.ndarray:
        """What each held-out sample counts in their mean, (h,): all classes that have some count alike."""
        counts = np.array([len(own) for own in self.held_out if len(own)], int)
        return np.repeat(1 / (len(counts) * counts), counts) if len(counts) else np.zeros(0)

    def drawn(self, generator: nn.Module) -> list[Drawn]:
        """Return what `generator` makes beside its starts and the real samples, a class each."""
        starts = [self._settled(batch.start, batch) for batch in self.batches]
        return [Drawn(*arrays) for arrays in zip(self.fakes(generator), starts, self.real, self.held_out, strict=True)]

    def _settled(self, x: torch.Tensor, batch: Batch) -> np.ndarray:
        return self.codec.settle(x.float(), batch.start).flatten(1).cpu().numpy()

    def _rows(self, samples: np.ndarray) -> np.ndarray:
        """Encode up to `REALS` of `samples`, spread over all of them, as rows."""
        return self.codec.encode(samples[:: -(-len(samples) // REALS) or 1]).flatten(1).numpy()
