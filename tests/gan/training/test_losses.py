"""Losses, penalties and shifts against closed forms."""

import math

import pytest
import torch

from gan.shifts import fixed_shifts, pick_by_index, pick_by_matrix, random_shift, reach, shift
from gan.training.losses import discriminator_loss, generator_loss, gradient_penalty


def test_penalty_of_a_linear_discriminator_is_its_squared_slope() -> None:
    """D(x) = a . x has the penalty |a|^2 at every x."""
    slope = torch.tensor([1.0, -2.0, 3.0])
    x = torch.randn(7, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert gradient_penalty(x @ slope, x).item() == pytest.approx(14)


def test_penalty_of_a_quadratic_discriminator() -> None:
    """D(x) = |x|^2 / 2 has the penalty mean |x|^2, and it can be differentiated again."""
    x = torch.randn(7, 1, 2, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    penalty = gradient_penalty(x.square().sum((1, 2, 3)) / 2, x)
    assert penalty.item() == pytest.approx(x.square().sum().item() / 7)
    penalty.backward()
    assert x.grad is not None and torch.allclose(x.grad, 2 * x / 7)


def test_losses_ask_for_the_difference_alone() -> None:
    """Adding the same to the logits of a pair changes nothing; equal logits cost log 2 on both sides."""
    real, fake = torch.tensor([0.3, -1.0]), torch.tensor([2.0, 0.5])
    assert discriminator_loss(real + 5, fake + 5).item() == pytest.approx(discriminator_loss(real, fake).item())
    assert discriminator_loss(real, fake).item() == pytest.approx(generator_loss(fake, real).item())
    assert generator_loss(real, real).item() == pytest.approx(math.log(2))


def test_shift_moves_and_repeats_the_edge() -> None:
    """Row 0 moves down by one, row 1 right by one; what moves in is the old edge, and values are exact."""
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    down, right = shift(x, torch.tensor([[1, 0], [0, 1]]))
    assert torch.equal(down[:, 1:], x[0, :, :-1]) and torch.equal(down[:, 0], x[0, :, 0])
    assert torch.equal(right[..., 1:], x[1, ..., :-1]) and torch.equal(right[..., 0], x[1, ..., 0])


def test_shifts_are_drawn_for_each_sample_within_reach() -> None:
    """At 8 pixels there are just 9 shifts, and a batch of equal samples gets all of them."""
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)).expand(200, 1, 8, 8)
    moved = random_shift(x, torch.Generator().manual_seed(1))
    assert reach(8) == 1 and reach(28) == 3
    assert len(torch.unique(moved.flatten(1), dim=0)) == 9
    assert set(map(bytes, moved.numpy())) == set(map(bytes, shift(x[:9], fixed_shifts(8)).numpy()))


def test_both_ways_of_shifting_agree() -> None:
    """By index and by matrix, values are equal, and first and second gradients but for rounding."""
    picked = torch.randint(8, (6, 8, 2), generator=torch.Generator().manual_seed(1))
    results = []
    for pick in (pick_by_index, pick_by_matrix):
        x = torch.randn(6, 2, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
        moved = pick(x, picked)
        (slope,) = torch.autograd.grad(moved.pow(3).sum(), x, create_graph=True)
        (bend,) = torch.autograd.grad(slope.square().sum(), x)
        results.append((moved, slope, bend))
    assert torch.equal(results[0][0], results[1][0])
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right)
