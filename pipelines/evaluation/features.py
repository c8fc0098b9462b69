"""Figures that sum up a series, channel by channel: what a linear model, a forest or boosted trees see of it.

The idea, and most of the figures, are those of tsfresh (Christ et al. 2018, doi 10.1016/j.neucom.2018.03.067) and catch22
(Lubba et al. 2019, doi 10.1007/s10618-019-00647-x).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from pipelines.likeness.data import Data
from pipelines.samples import SERIES, TABLE

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
PARTS = 8  # of a series, whose means are figures
LAGS = (1, 2, 4, 8, 16)  # steps, as far as a series has twice as many
BANDS = 5  # of the spectrum, each twice as wide as the one before
TINY = 1e-9


class Judge(Protocol):
    """What is left of a classifier after training, see `classifiers.Fitted`."""

    @property
    def classes_(self) -> np.ndarray:
        """The classes that it has seen."""

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, len(classes_)) probabilities of rows `x`, (n, d)."""


@dataclass(frozen=True)
class OnFeatures:
    """A classifier that was trained on the features of series, asked about series as rows."""

    judge: Judge
    shape: tuple[int, int]

    @property
    def classes_(self) -> np.ndarray:
        """The classes that it has seen."""
        return self.judge.classes_

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return (n, len(classes_)) probabilities of series as rows `x`, (n, t * c)."""
        return self.judge.predict_proba(features(x, self.shape))


def columns(data: Data) -> Data:
    """Return what classifiers of columns see: the features of series, all other data as they are."""
    if data.kind != SERIES:
        return data
    assert data.series_shape is not None, "a series has steps"
    return replace(data, x=features(data.x, data.series_shape), kind=TABLE, series_shape=None)


def asked_by_rows(judge: Judge, data: Data) -> Judge:
    """Return a classifier that was trained on `columns(data)` so that it takes rows like those of `data`."""
    if data.kind != SERIES:
        return judge
    assert data.series_shape is not None, "a series has steps"
    return OnFeatures(judge, data.series_shape)


def features(x: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return (n, k) float32 figures of series as rows `x`, (n, t * c) with shape (t, c); all are finite."""
    series = x.reshape(len(x), *shape).transpose(2, 0, 1).astype(float)  # (c, n, t)
    parts = [figure(channel) for channel in series for figure in FIGURES]
    return np.concatenate([*parts, _together(series)], axis=1).astype(np.float32)


def _levels(x: np.ndarray) -> np.ndarray:
    """Mean, standard deviation, quantiles, extremes, and where in time these are, from 0 to 1."""
    last = max(x.shape[1] - 1, 1)
    places = [x.argmin(1) / last, x.argmax(1) / last]
    return np.column_stack([x.mean(1), x.std(1), *np.quantile(x, QUANTILES, axis=1), x.min(1), x.max(1), *places])


def _course(x: np.ndarray) -> np.ndarray:
    """Slope of the least-squares line over time from -1 to 1, and the means of equal parts (Keogh et al. 2001,
    doi 10.1007/PL00011669).
    """
    time = np.linspace(-1, 1, x.shape[1]) if x.shape[1] > 1 else np.zeros(1)
    slope = x @ time / max(float(time @ time), TINY)
    return np.column_stack([slope, *(part.mean(1) for part in np.array_split(x, min(PARTS, x.shape[1]), axis=1))])


def _changes(x: np.ndarray) -> np.ndarray:
    """Mean and largest absolute first difference, their standard deviation, and the share of steps that cross the mean."""
    steps = np.diff(x, axis=1) if x.shape[1] > 1 else np.zeros((len(x), 1))
    above = x > x.mean(1, keepdims=True)
    crossings = (above[:, 1:] != above[:, :-1]).sum(1) / steps.shape[1]
    return np.column_stack([np.abs(steps).mean(1), np.abs(steps).max(1), steps.std(1), crossings])


def _memory(x: np.ndarray) -> np.ndarray:
    """Autocorrelation at `LAGS`: sum of (x_t - m)(x_(t+lag) - m) over the sum of (x_t - m)^2 (Box and Jenkins)."""
    centred = x - x.mean(1, keepdims=True)
    whole = np.maximum((centred**2).sum(1), TINY)
    lags = [lag for lag in LAGS if 2 * lag <= x.shape[1]]
    found = [(centred[:, lag:] * centred[:, :-lag]).sum(1) / whole for lag in lags]
    return np.column_stack(found) if found else np.zeros((len(x), 0))


def _spectrum(x: np.ndarray) -> np.ndarray:
    """Shares of `BANDS` of the power spectrum without its mean, and its centre of mass from 0 to 1 (the periodogram)."""
    power = np.abs(np.fft.rfft(x - x.mean(1, keepdims=True), axis=1))[:, 1:] ** 2
    share = power / np.maximum(power.sum(1, keepdims=True), TINY)
    edges = [2**band - 1 for band in range(BANDS)]  # 0, 1, 3, 7, 15, and from there to the end
    bands = [share[:, a:b].sum(1) for a, b in zip(edges, [*edges[1:], share.shape[1]], strict=True)]
    return np.column_stack([*bands, share @ np.linspace(0, 1, share.shape[1])])


def _together(series: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each pair of channels over time, (c, n, t) -> (n, c (c - 1) / 2); 0 for a constant one."""
    centred = series - series.mean(2, keepdims=True)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=2, keepdims=True), TINY)
    first, second = np.triu_indices(len(series), 1)
    return np.asarray((unit[first] * unit[second]).sum(2).T)


FIGURES: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    _levels,
    _course,
    _changes,
    _memory,
    _spectrum,
)  # (n, t) -> (n, k)
