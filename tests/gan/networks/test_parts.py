"""The parts that the families are made of."""

import pytest
import torch
import torch.nn.functional as F

from gan.networks.parts import Enlarge, crop, frame, halvings


def test_enlarging_is_repeating_then_convolving() -> None:
    """One transposed convolution gives what repeating each pixel and a mirrored 3x3 convolution would, at the edge too."""
    layer = Enlarge(5, 7)
    x = torch.randn(2, 5, 6, 6, generator=torch.Generator().manual_seed(0))
    repeated = F.interpolate(x, scale_factor=2, mode="nearest")
    slow = F.conv2d(repeated, layer.weight.flip(2, 3).transpose(0, 1) / 2, layer.bias, padding=1)
    torch.testing.assert_close(layer(x), slow)


def test_an_even_map_stays_even() -> None:
    """Whatever its weights, enlarging a constant leaves no texture inside of the image."""
    made = Enlarge(5, 7)(torch.ones(1, 5, 6, 6))[..., 1:-1, 1:-1]
    assert made.std((2, 3)).max().item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("size", [8, 9, 28, 33, 64, 127, 128])
def test_a_frame_comes_off_again(size: int) -> None:
    """Framed images can be halved down to 4 pixels, and cropping returns the image."""
    unit = 4 * 2 ** halvings(size)
    edge = frame(size, unit)
    x = torch.randn(1, 1, size, size, generator=torch.Generator().manual_seed(0))
    framed = F.pad(x, edge)
    assert framed.shape[-1] == framed.shape[-2] == unit
    assert torch.equal(crop(framed, edge), x)
