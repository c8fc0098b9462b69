"""Pictures are turned and shifted as asked."""

import numpy as np
import torch
from scipy import ndimage

from gan.moves import REACH, TURN, move


def test_a_shift_moves_whole_pixels() -> None:
    """Draws of (0, 1, -1) move by an eighth of the side down and left, and repeat the edge."""
    x = torch.from_numpy(np.random.default_rng(0).random((1, 2, 16, 16), dtype=np.float32))
    moved = move(x, torch.tensor([[0.0, 1.0, -1.0]]))
    assert REACH * 16 == 2
    assert torch.allclose(moved[..., 2:, :-2], x[..., :-2, 2:], atol=1e-5)
    assert torch.allclose(moved[..., :2, :-2], x[..., :1, 2:].expand(-1, -1, 2, -1), atol=1e-5)


def test_a_turn_is_that_of_scipy() -> None:
    """Turned pictures agree with scipy's rotation away from the border."""
    x = ndimage.gaussian_filter(np.random.default_rng(0).random((20, 20)), 2).astype(np.float32)
    turned = move(torch.from_numpy(x)[None, None], torch.tensor([[1.0, 0.0, 0.0]]))[0, 0].numpy()
    either = [ndimage.rotate(x, angle, reshape=False, order=1, mode="nearest") for angle in (-TURN, TURN)]
    assert min(np.abs(turned - wanted)[4:-4, 4:-4].max() for wanted in either) < 1e-3


def test_no_move_is_no_change() -> None:
    """Draws of zero give the picture back."""
    x = torch.rand(3, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(move(x, torch.zeros(3, 3)), x, atol=1e-5)
