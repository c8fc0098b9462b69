"""The reference classifier of images: how its batches are drawn and mixed, and what it learns."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

from gan import seeds
from pipelines.evaluation import batches, convnet
from pipelines.evaluation.batches import Batches, Rows
from pipelines.evaluation.convnet import ConvNet
from pipelines.evaluation.styles import Policy, Style

SHAPE, BATCH = (8, 8, 1), 64
STILL = Policy(turn=0, shift=0, scale=0, light=0, contrast=0)
COUNTS = np.array([400, 100, 4])


def digits(classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    x, y = load_digits(return_X_y=True)
    return (x[y < classes] / 16).astype(np.float32), y[y < classes]


def rows(style: Style, synthetic: int = 0, weight: np.ndarray | None = None) -> Rows:
    """`COUNTS` real rows of three classes, and `synthetic` more of the last; a row's pixels are its number / 1000."""
    labels = np.concatenate([np.repeat([0, 1, 2], COUNTS), np.full(synthetic, 2)])
    x = np.repeat(np.arange(len(labels), dtype=np.float32)[:, None] / 1000, 64, 1)
    return Rows.of(convnet.as_images(x, SHAPE), labels, weight, np.arange(len(labels)) >= COUNTS.sum(), style)


def drawn(made: Rows, style: Style, steps: int) -> Batches:
    """The batches of a training on images."""
    move = partial(convnet.moved, policy=style.policy)
    return batches.batches(made, style, BATCH, 0, steps, move, convnet.pasted)


def shares(style: Style, synthetic: int = 0) -> np.ndarray:
    """How often each class is drawn, and how often a synthetic row."""
    made = rows(style, synthetic)
    order = batches.drawn(made, style, BATCH, 0, 600)
    of_class = np.bincount(made.labels[order].flatten(), minlength=3) / order.numel()
    return np.append(of_class, made.synthetic[order].double().mean())


@pytest.mark.parametrize("power", [1.0, 0.5, 0.0])
def test_classes_are_drawn_by_a_power_of_their_count(power: float) -> None:
    """A class of n rows has a chance proportional to n ** power."""
    expected = COUNTS**power / (COUNTS**power).sum()
    assert shares(Style(power=power))[:3] == pytest.approx(expected, abs=0.01)


def test_a_synthetic_share_leaves_the_class_as_frequent_as_it_was() -> None:
    """Half of the draws of the class are synthetic, and of no other class is it drawn less."""
    alone, beside = shares(Style(power=0.5)), shares(Style(power=0.5, synthetic_share=0.5), synthetic=96)
    assert beside[:3] == pytest.approx(alone[:3], abs=0.01)
    assert beside[3] == pytest.approx(alone[2] / 2, abs=0.01)


def test_mixed_in_synthetic_rows_make_their_class_larger() -> None:
    """Without a share each row is drawn as often as any other."""
    assert shares(Style(), synthetic=96) == pytest.approx([400 / 600, 1 / 6, 1 / 6, 96 / 600], abs=0.01)


@pytest.mark.parametrize("share", [None, 0.5])
def test_the_last_steps_draw_real_rows_alone(share: float | None) -> None:
    """And the steps before them synthetic ones too, with each way of using them."""
    style = Style(power=0.0, synthetic_share=share, real_last=0.4)
    made = rows(style, synthetic=96)
    order = batches.drawn(made, style, BATCH, 0, 100)
    assert made.synthetic[order[:60]].any() and not made.synthetic[order[60:]].any()
    assert (made.labels[order[60:]] == 2).double().mean() == pytest.approx(1 / 3, abs=0.03)


def test_nothing_moves_at_strength_zero() -> None:
    """And at the usual strength an image keeps its shape and range and is another."""
    images = torch.rand(9, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    generator = seeds.torch_generator(0, "moves")
    assert torch.allclose(convnet.moved(images, generator, STILL), images, atol=1e-5)
    lively = convnet.moved(images, generator, Policy())
    assert lively.shape == images.shape and lively.min() >= 0 and lively.max() <= 1
    assert (lively - images).abs().mean((1, 2, 3)).min() > 0.01


def test_images_are_mirrored_only_where_the_policy_says_so() -> None:
    """About half of them, left to right."""
    images = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    lively = convnet.moved(images, seeds.torch_generator(0, "moves"), replace(STILL, mirror=True))
    mirrored = (lively - images.flip(3)).abs().amax((1, 2, 3)) < 1e-5
    kept = (lively - images).abs().amax((1, 2, 3)) < 1e-5
    assert torch.equal(mirrored, ~kept) and 16 < mirrored.sum() < 48


@pytest.mark.parametrize("style", [Style(), Style(mixup=0.4), Style(cmo=1.0), Style(cmo=0.5, mixup=0.2, augment=True)])
def test_targets_sum_to_one(style: Style) -> None:
    """Whatever images are mixed or pasted, and images stay in [0, 1]."""
    for images, targets in drawn(rows(style), style, 5):
        assert targets.sum(1) == pytest.approx(1, abs=1e-5)
        assert images.shape == (BATCH, 1, 8, 8) and images.min() >= 0 and images.max() <= 1


def test_a_pasted_label_has_the_share_of_the_pasted_area() -> None:
    """Black images of one class, white patches of the other: the label is the mean of the pixels."""
    black, white = torch.zeros(50, 1, 10, 14), torch.ones(50, 1, 10, 14)
    first, second = torch.tensor([[1.0, 0.0]]).repeat(50, 1), torch.tensor([[0.0, 1.0]]).repeat(50, 1)
    images, targets = convnet.pasted(black, first, white, second, np.random.default_rng(0))
    assert torch.allclose(targets[:, 1], images.mean((1, 2, 3))) and torch.allclose(targets.sum(1), torch.ones(50))
    assert 0.1 < targets[:, 1].mean() < 0.6 and targets[:, 1].max() < 1.001


def test_weights_scale_the_targets() -> None:
    """A row of twice the weight counts twice in the loss, and the mean of the weights is 1."""
    style = Style()
    made = rows(style, synthetic=10, weight=np.r_[np.full(400, 2.0), np.ones(114)])
    assert made.weight[0] / made.weight[450] == pytest.approx(2)
    assert made.weight.mean() == pytest.approx(1)
    images, targets = next(drawn(made, style, 1))
    row = (images[:, 0, 0, 0] * 1000).round().long()
    assert torch.allclose(targets.sum(1), made.weight[row])


def test_deferred_weights_come_in_the_last_steps_alone() -> None:
    """Until then all classes weigh 1; then a rare one weighs more, by its effective number of samples."""
    style = Style(deferred=0.2, power=0.0)
    made = rows(style)
    sums = [targets.sum(1) for _, targets in drawn(made, style, 10)]
    assert all(torch.allclose(one, torch.ones(BATCH)) for one in sums[:8])
    late = torch.cat(sums[8:]).unique()
    assert len(late) == 3 and late.max() / late.min() == pytest.approx(100, rel=0.03)  # 400 rows against 4


def test_the_same_seed_gives_the_same_probabilities() -> None:
    """Bit by bit, whatever torch's and NumPy's own generators have drawn, which stay as they are."""
    x, y = digits(2)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    style = Style(augment=True, power=0.5, mixup=0.2, cmo=0.5)
    said = [ConvNet.fit(x, y, SHAPE, style, seed, steps=8).predict_proba(x) for seed in (3, 3, 4)]
    assert np.array_equal(said[0], said[1]) and not np.array_equal(said[0], said[2])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_finds_digits_with_ten_samples() -> None:
    """Average precision of the minority class on held-out rows, in a fit of the usual length."""
    x, y = digits(4)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    train, test = order[: len(y) // 2], order[len(y) // 2 :]
    train = np.concatenate([train[y[train] != 3], train[y[train] == 3][:10]])
    fitted = ConvNet.fit(x[train], y[train], SHAPE, Style(augment=True, power=0.5), 0)
    said = fitted.predict_proba(x[test])
    assert said.sum(1) == pytest.approx(1)
    assert average_precision_score(y[test] == 3, said[:, 3]) > 0.95


def test_a_class_never_seen_has_no_column() -> None:
    """And the classes that were seen are named."""
    x, y = digits(4)
    fitted = ConvNet.fit(x[y != 1], y[y != 1], SHAPE, Style(augment=True), 0, steps=5)
    assert fitted.classes_.tolist() == [0, 2, 3] and fitted.predict_proba(x[:7]).shape == (7, 3)


@pytest.mark.parametrize("shape", [(8, 8, 3), (9, 9, 1), (17, 17, 1), (32, 32, 3), (50, 50, 1), (128, 128, 3)])
def test_images_of_any_size_and_colour_are_learnt(shape: tuple[int, int, int]) -> None:
    """Bright against dark; large ones are averaged down."""
    rng = np.random.default_rng(0)
    y = np.arange(20) % 2
    x = (0.5 * rng.random((20, int(np.prod(shape)))) + 0.5 * y[:, None]).astype(np.float32)
    fitted = ConvNet.fit(x, y, shape, replace(Style(augment=True), policy=STILL), 0, steps=40)
    assert (fitted.predict_proba(x).argmax(1) == y).mean() > 0.9
    assert max(convnet.as_images(x, shape).shape[2:]) <= convnet.LARGEST
