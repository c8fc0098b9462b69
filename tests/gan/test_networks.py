"""What every family promises; a family is tested by being listed."""

from itertools import product

import pytest
import torch
from torch import nn

from gan.losses import gradient_penalty
from gan.networks import FAMILIES, Sizes, choose
from gan.networks.parts import Residual, build

SHAPES = [pytest.param(*shape, id="{}-{}px-{}ch".format(*shape)) for shape in product(FAMILIES, (8, 28, 32), (1, 3))]


def make(name: str, part: str, size: int, channels: int) -> nn.Module:
    sizes = Sizes(channels, size, classes=3, width=4, noise_dim=5)
    return build(getattr(FAMILIES[name], part), sizes, torch.Generator().manual_seed(0))


def batch(size: int, channels: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    start = torch.rand(4, channels, size, size, generator=generator) * 2 - 1
    return start, torch.randn(4, 5, generator=generator), torch.tensor([0, 1, 2, 1])


@pytest.mark.parametrize(("name", "size", "channels"), SHAPES)
def test_generator_begins_as_its_start(name: str, size: int, channels: int) -> None:
    """Untrained, a generator returns its start to the bit, and so is SMOTE."""
    start, noise, labels = batch(size, channels)
    assert torch.equal(make(name, "generator", size, channels)(start, noise, labels), start)


@pytest.mark.parametrize(("name", "size", "channels"), SHAPES)
def test_generator_can_learn_from_all_it_is_given(name: str, size: int, channels: int) -> None:
    """Once its last layer is not zero, start, noise and class all change what it returns."""
    generator = make(name, "generator", size, channels)
    assert isinstance(generator, Residual)
    nn.init.normal_(generator.last.weight, generator=torch.Generator().manual_seed(2))
    start, noise, labels = batch(size, channels)
    whole = generator(start, noise, labels) - start
    assert whole.shape == start.shape
    assert not torch.allclose(whole, generator(start, noise + 1, labels) - start)
    assert not torch.allclose(whole, generator(start, noise, (labels + 1) % 3) - start)
    assert not torch.allclose(whole, generator(start.flip(0), noise, labels) - start.flip(0))


@pytest.mark.parametrize(("name", "size", "channels"), SHAPES)
def test_discriminator_judges_sample_and_class(name: str, size: int, channels: int) -> None:
    """A logit a sample, which depends on its class, is float32 and can be penalised."""
    discriminator = make(name, "discriminator", size, channels)
    x, _, labels = batch(size, channels)
    x.requires_grad_()
    logits = discriminator(x, labels)
    assert logits.shape == (4,) and logits.dtype == torch.float32
    assert not torch.allclose(logits, discriminator(x, (labels + 1) % 3))
    gradient_penalty(logits, x).backward()
    assert all(part.grad is not None for name, part in discriminator.named_parameters() if not name.endswith("bias"))


@pytest.mark.parametrize("name", FAMILIES)
def test_weights_come_from_the_generator_given(name: str) -> None:
    """The same generator state gives the same weights, and torch's own generator is not asked."""
    state = torch.get_rng_state()
    first, second = make(name, "discriminator", 8, 1), make(name, "discriminator", 8, 1)
    assert torch.equal(state, torch.get_rng_state())
    for left, right in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(left, right)
        assert left.isfinite().all()


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("size", [9, 12, 50, 128])
def test_any_size_works(name: str, size: int) -> None:
    """Sizes that are no power of two are padded inside and come out as they went in."""
    start, noise, labels = batch(size, 1)
    assert make(name, "generator", size, 1)(start, noise, labels).shape == start.shape
    assert make(name, "discriminator", size, 1)(start, labels).shape == (4,)


def test_auto_goes_by_size() -> None:
    """Small pictures get the fully connected family, larger ones the convolutional one; a typing error is named."""
    assert [choose("auto", 12), choose("auto", 13), choose("mlp", 64)] == ["mlp", "dcgan", "mlp"]
    with pytest.raises(ValueError, match=r"'dcgna'.*dcgan"):
        choose("dcgna", 8)
