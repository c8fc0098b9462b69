"""The reference classifier of series: what it learns, and what moves a series."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from gan import seeds
from pipelines.evaluation import convnet1d, warps
from pipelines.evaluation.convnet1d import ConvNet1d
from pipelines.evaluation.styles import SeriesPolicy, Style
from tests.pipelines.evaluation.worlds import STEPS, waves

STILL = SeriesPolicy(jitter=0, scale=0, warp=0, shift=0)


def noise(count: int = 9, channels: int = 3, steps: int = 40) -> torch.Tensor:
    return torch.randn(count, channels, steps, generator=torch.Generator().manual_seed(0))


def generator() -> torch.Generator:
    return seeds.torch_generator(0, "moves")


def test_nothing_moves_at_strength_zero() -> None:
    """And at the usual strength a series keeps its shape and is another, near the one it was."""
    series = noise()
    assert torch.allclose(warps.moved(series, generator(), STILL), series, atol=1e-4)
    smooth = torch.sin(torch.linspace(0, 6, 40)).repeat(9, 3, 1)
    lively = warps.moved(smooth, generator(), SeriesPolicy())
    apart = (lively - smooth).abs().mean((1, 2))
    assert lively.shape == series.shape and apart.min() > 0.01 and apart.max() < 0.6


def test_a_warp_keeps_order_and_ends() -> None:
    """A rising line still rises from the same value to the same value, in all channels alike, other than it did."""
    line = torch.arange(50.0).repeat(6, 2, 1)
    found = warps.warped(line, 0.3, generator())
    assert (found.diff(dim=2) > 0).all() and torch.equal(found[:, 0], found[:, 1])
    assert torch.allclose(found[..., 0], line[..., 0]) and torch.allclose(found[..., -1], line[..., -1], atol=1e-3)
    assert (found - line).abs().amax((1, 2)).min() > 0.3


def test_a_shift_moves_all_steps_alike() -> None:
    """By at most its share of the length; what comes in repeats the end."""
    line = torch.arange(50.0).repeat(40, 1, 1)
    found = warps.warped(line, 0.0, generator(), shift=0.1)
    inside = (found - line)[:, 0, 6:44]
    assert (inside.std(1) < 1e-4).all() and 3 < inside.abs().max() <= 5.001 and inside.min() < 0 < inside.max()
    assert found.min() == 0 and found.max() == 49


def test_reading_between_steps_is_linear() -> None:
    """At half a step lies the mean of its neighbours; beyond the ends lie the ends."""
    series = torch.tensor([[[0.0, 2.0, 6.0]]])
    assert warps.at(series, torch.tensor([[-1.0, 0.5, 1.5]])).tolist() == [[[0, 1, 4]]]
    assert warps.at(series, torch.tensor([[2.0, 9.0, 1.0]])).tolist() == [[[6, 6, 2]]]


def test_scaling_and_jitter_have_the_strength_that_they_are_given() -> None:
    """A factor for each channel, noise for each value."""
    ones = torch.ones(2000, 2, 4)
    scaled = warps.scaled(ones, 0.1, generator())
    assert torch.equal(scaled[..., :1].expand_as(scaled), scaled) and scaled[..., 0].std().item() == pytest.approx(
        0.1, rel=0.1
    )
    assert (scaled[:, 0] != scaled[:, 1]).any()
    assert (warps.jittered(ones, 0.05, generator()) - ones).std().item() == pytest.approx(0.05, rel=0.1)


def test_the_same_seed_gives_the_same_probabilities() -> None:
    """Bit by bit, whatever torch's own generator has drawn, which stays as it is."""
    world = waves(each=30)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    style = Style(augment=True, power=0.5, mixup=0.2)
    x, y = world.train.x, world.train.y
    said = [ConvNet1d.fit(x, y, STEPS, style, seed, steps=8).predict_proba(x) for seed in (3, 3, 4)]
    assert np.array_equal(said[0], said[1]) and not np.array_equal(said[0], said[2])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_scale_of_a_channel_does_not_matter() -> None:
    """In other units the same is learnt."""
    world = waves(each=30)
    x, y = world.train.x, world.train.y
    other = (x.reshape(len(x), *STEPS) * [2**-9, 2**10]).reshape(x.shape).astype(np.float32)
    said = [ConvNet1d.fit(one, y, STEPS, Style(augment=True), 0, steps=20).predict_proba(one) for one in (x, other)]
    assert np.array_equal(*said)


def test_it_finds_waves_with_ten_samples() -> None:
    """Average precision of the minority class on held-out rows, in a fit of the usual length."""
    world = waves((1,), few=10)
    fitted = ConvNet1d.fit(world.train.x, world.train.y, STEPS, Style(augment=True, power=0.5), 0)
    said = fitted.predict_proba(world.test.x)
    assert said.sum(1) == pytest.approx(1)
    assert average_precision_score(world.test.y == 1, said[:, 1]) > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (9, 1), (65, 2), (700, 1)])
def test_series_of_any_length_are_learnt(shape: tuple[int, int]) -> None:
    """High against low; long ones are averaged down; a constant channel does no harm."""
    rng = np.random.default_rng(0)
    y = np.arange(20) % 2
    x = rng.random((20, *shape)) + y[:, None, None]
    x[..., 1:] = 7
    rows = x.reshape(20, -1).astype(np.float32)
    fitted = ConvNet1d.fit(rows, y, shape, replace(Style(augment=True), series=STILL), 0, steps=40)
    assert (fitted.predict_proba(rows).argmax(1) == y).mean() > 0.9
    assert convnet1d.as_series(rows, shape).shape[2] <= convnet1d.LONGEST
