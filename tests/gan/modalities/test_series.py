"""The codec of series: in the range, on the grid, and no jump that no real series has."""

import json

import numpy as np
import pytest
import torch

from gan.modalities import fit, from_dict, to_dict
from gan.modalities.series import SLACK, SeriesCodec
from gan.sample import generate
from gan.score import score
from gan.training.settings import PretrainSettings
from gan.training.train import pretrain


@pytest.fixture
def series() -> np.ndarray:
    """(60, 30, 4) float32: a smooth wave, the same in whole numbers, one with decimals, a constant."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.linspace(0, 6, 30) + 6 * rng.random((60, 1))) * rng.uniform(0.5, 2, (60, 1))
    return np.stack([wave, np.rint(7 * wave), np.round(100 * wave, 1), np.full_like(wave, 0.3)], axis=2).astype(
        np.float32
    )


def anything(series: np.ndarray, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return encoded starts between two series each, and what a network may have made of them."""
    encoded = SeriesCodec.fit(series).encode(series)
    starts = encoded + 0.3 * (encoded.flip(0) - encoded)
    return starts, starts + scale * torch.randn(starts.shape, generator=torch.Generator().manual_seed(1))


def jumps(series: np.ndarray) -> np.ndarray:
    return np.abs(np.diff(series.astype(np.float64), axis=1)).max((0, 1))


def test_round_trip_is_exact(series: np.ndarray) -> None:
    """What lies on a grid comes back with the same bytes, other numbers but for rounding; settling moves none of it."""
    codec = fit(series)
    encoded = codec.encode(series)
    assert isinstance(codec, SeriesCodec) and encoded.shape == (60, 120, 1, 1) and encoded.abs().max() <= 1
    decoded = codec.decode(encoded)
    assert decoded.dtype == np.float32 and np.array_equal(decoded[:, :, 1:], series[:, :, 1:])
    assert decoded == pytest.approx(series, abs=1e-6)
    torch.testing.assert_close(codec.settle(encoded, encoded), encoded, rtol=0, atol=1e-6)
    assert torch.equal(codec.encode(codec.pack(series)), encoded)
    assert codec.encode(series[:0]).shape == (0, 120, 1, 1)


@pytest.mark.parametrize("scale", [0.02, 1.0])
def test_whatever_is_made_could_be_real(series: np.ndarray, scale: float) -> None:
    """Each channel stays in its range and on its grid, a constant one constant, and none jumps further than real ones do."""
    codec = SeriesCodec.fit(series)
    starts, outputs = anything(series, scale)
    made = codec.decode(outputs, starts)
    assert (made >= series.min((0, 1))).all() and (made <= series.max((0, 1))).all()
    assert (made[:, :, 1] % 1 == 0).all() and (made[:, :, 3] == series[0, 0, 3]).all()
    assert np.array_equal(made[:, :, 2], np.round(made[:, :, 2].astype(np.float64), 1).astype(np.float32))
    assert (jumps(made) <= SLACK * jumps(series) + np.array([1e-5, 1, 0.1, 0])).all()
    assert not np.array_equal(made, codec.decode(starts, starts))
    assert np.array_equal(codec.decode(codec.settle(outputs, starts)), made)


def test_a_borrowed_difference_leaves_a_series_that_could_be_real(series: np.ndarray) -> None:
    """A start that is displaced far stays in the range and makes no longer jumps."""
    codec = SeriesCodec.fit(series)
    starts, outputs = anything(series, 1.0)
    moved = codec.decode(codec.displace(starts, outputs - starts))
    assert (jumps(moved) <= SLACK * jumps(series) + np.array([1e-5, 1, 0.1, 0])).all()


def test_the_gradient_passes(series: np.ndarray) -> None:
    """Settling is not felt by what trains through it."""
    starts, outputs = anything(series, 1.0)
    outputs.requires_grad_()
    SeriesCodec.fit(series).settle(outputs, starts).sum().backward()
    assert outputs.grad is not None and (outputs.grad == 1).all()


def test_it_is_rebuilt_from_json(series: np.ndarray) -> None:
    """A checkpoint keeps all of it."""
    codec = SeriesCodec.fit(series)
    assert from_dict(json.loads(json.dumps(to_dict(codec)))) == codec


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.zeros((3, 4), np.float32), "expected \\(n, t, c\\)"),
        (np.zeros((3, 4, 1), np.uint8), "got \\(3, 4, 1\\) uint8"),
        (np.zeros((3, 1, 1), np.float32), "two steps or more"),
        (np.full((3, 4, 1), np.nan, np.float32), "finite"),
    ],
)
def test_what_is_no_series_is_refused(bad: np.ndarray, said: str) -> None:
    """The line says what was found and expected."""
    with pytest.raises(ValueError, match=said):
        SeriesCodec.fit(bad)


def test_a_candidate_depends_on_its_own_seed_alone(series: np.ndarray) -> None:
    """The network is `conv1d` by default; a series and its score are the same bytes alone and among others."""
    labels = np.arange(60) % 2
    gan = pretrain(series, labels, 2, PretrainSettings(steps=20, batch_size=16), "auto", 4, seed=0)
    assert gan.network == "conv1d" and (gan.sizes.channels, gan.sizes.size, gan.sizes.steps) == (120, 1, 30)
    many = generate(gan, series[labels == 0], 0, np.arange(70)).samples
    few = generate(gan, series[labels == 0], 0, np.array([69, 3])).samples
    assert np.array_equal(many[[69, 3]], few) and many.shape == (70, 30, 4)
    assert np.array_equal(score(gan, many, 0)[[69, 3]], score(gan, few, 0))
