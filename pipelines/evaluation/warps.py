"""What leaves the class of a series as it is: noise, another scale, another course of time.

After Um et al. 2017 (arXiv 1706.00527) and the survey of Iwana and Uchida 2021 (doi 10.1371/journal.pone.0254841), with the
names that both use. Series are (n, c, t) and standardised: each channel has mean 0 and deviation 1 over the training samples.
"""

import torch
from torch.nn import functional

from pipelines.evaluation.styles import SeriesPolicy

KNOTS = 6  # of a warp, its ends included; Um et al. have 4 between the ends


def jittered(series: torch.Tensor, strength: float, generator: torch.Generator) -> torch.Tensor:
    """Add normal noise of this deviation to each value."""
    return series + strength * _normal(tuple(series.shape), generator, series)


def scaled(series: torch.Tensor, strength: float, generator: torch.Generator) -> torch.Tensor:
    """Multiply each channel of each series by its own factor, normal around 1 with this deviation."""
    return series * (1 + strength * _normal((*series.shape[:2], 1), generator, series))


def warped(series: torch.Tensor, strength: float, generator: torch.Generator, shift: float = 0.0) -> torch.Tensor:
    """Let time pass now faster, now slower, alike in all channels; the ends stay where they are.

    The speed is exp(normal) of this deviation at `KNOTS` points and linear between, where Um et al. have cubic splines.
    shift: the whole series moves by up to this share of its length, either way; what comes in repeats the end.
    """
    count, _, steps = series.shape
    speed = torch.exp(strength * _normal((count, 1, KNOTS), generator, series))
    moved = (torch.rand(count, 1, generator=generator) * 2 - 1).to(series) * shift * steps
    between = functional.interpolate(speed, max(steps - 1, 1), mode="linear", align_corners=True)[:, 0]
    time = functional.pad(between.cumsum(1), (1, 0))[:, :steps]
    return at(series, time / time[:, -1:].clamp(min=1e-6) * (steps - 1) + moved)


def at(series: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Return (n, c, t) series read at `time`, (n, t) in steps, linear between steps and level beyond the ends."""
    last = series.shape[2] - 1
    time = time.clamp(0, last)
    before = time.floor().clamp(max=max(last - 1, 0))
    share = (time - before)[:, None]
    index = before.long()[:, None].expand(-1, series.shape[1], -1)
    return torch.lerp(series.gather(2, index), series.gather(2, (index + 1).clamp(max=last)), share)


def moved(series: torch.Tensor, generator: torch.Generator, policy: SeriesPolicy) -> torch.Tensor:
    """Return the series warped, shifted, scaled and with noise, each by its own draw from `policy`."""
    series = warped(series, policy.warp, generator, policy.shift)
    return jittered(scaled(series, policy.scale, generator), policy.jitter, generator)


def _normal(shape: tuple[int, ...], generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
    return torch.randn(shape, generator=generator).to(like)
