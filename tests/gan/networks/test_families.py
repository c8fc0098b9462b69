"""What every family promises; a family is tested by being listed."""

import importlib.util
import inspect
import sys
import textwrap
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from gan import networks
from gan.checkpoint import load, save
from gan.modalities.images import ImageCodec
from gan.model import GAN
from gan.networks import FAMILIES, Family, Sizes, choose
from gan.networks.parts import Residual, build
from gan.sample import generate
from gan.training.adversary import Adversary
from gan.training.batches import Batch
from gan.training.losses import gradient_penalty
from gan.training.train import PretrainSettings, pretrain

METHOD = Path(__file__).resolve().parents[3] / "docs/method.md"
ALL_VALUES = ImageCodec(tuple(range(256)), background=None)
SHAPES = [
    pytest.param(*shape, id="{}-{}px-{}ch".format(*shape)) for shape in product(FAMILIES, (8, 28, 32, 64, 128), (1, 3))
]


def sizes_of(size: int, channels: int) -> Sizes:
    return Sizes(channels, size, classes=3, width=4, noise_dim=5)


def make(name: str, part: str, size: int, channels: int) -> nn.Module:
    return build(getattr(FAMILIES[name], part), sizes_of(size, channels), torch.Generator().manual_seed(0))


def awake(name: str, size: int, channels: int) -> nn.Module:
    """Return a generator as it is after some training: its last layers are not zero."""
    generator = make(name, "generator", size, channels)
    for part in generator.modules():
        if isinstance(part, Residual):
            nn.init.normal_(part.last.weight, 0, 0.1, generator=torch.Generator().manual_seed(2))
    return generator


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
    """Once trained, start, noise and class all change what it adds, and each of its weights has a gradient."""
    generator = awake(name, size, channels)
    start, noise, labels = batch(size, channels)
    whole = generator(start, noise, labels) - start
    assert whole.shape == start.shape
    assert not torch.allclose(whole, generator(start, noise + 1, labels) - start)
    assert not torch.allclose(whole, generator(start, noise, (labels + 1) % 3) - start)
    assert not torch.allclose(whole, generator(start.flip(0), noise, labels) - start.flip(0))
    whole.square().sum().backward()
    assert all(part.grad is not None and part.grad.any() for part in generator.parameters())


@pytest.mark.parametrize(("name", "size", "channels"), SHAPES)
def test_discriminator_judges_sample_and_class(name: str, size: int, channels: int) -> None:
    """A logit a sample, which depends on its class and is float32; the penalty on its slope reaches each weight."""
    discriminator = make(name, "discriminator", size, channels)
    x, _, labels = batch(size, channels)
    x.requires_grad_()
    logits = discriminator(x, labels)
    assert logits.shape == (4,) and logits.dtype == torch.float32
    assert not torch.allclose(logits, discriminator(x, (labels + 1) % 3))
    gradient_penalty(logits, x).backward(retain_graph=True)
    weights = {name: part for name, part in discriminator.named_parameters() if not name.endswith("bias")}
    assert all(part.grad is not None and part.grad.any() for part in weights.values())
    logits.sum().backward()
    assert all(part.grad is not None and part.grad.any() for part in discriminator.parameters())


@pytest.mark.parametrize(("name", "size", "channels"), SHAPES)
def test_rows_of_a_batch_know_nothing_of_each_other(name: str, size: int, channels: int) -> None:
    """What a sample becomes and how it is scored is the same alone as among others, but for rounding."""
    generator, discriminator = awake(name, size, channels), make(name, "discriminator", size, channels)
    start, noise, labels = batch(size, channels)
    made, scores = generator(start, noise, labels), discriminator(start, labels)
    for row in (slice(0, 1), slice(2, 3)):
        torch.testing.assert_close(generator(start[row], noise[row], labels[row]), made[row], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(discriminator(start[row], labels[row]), scores[row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("size", [9, 13, 17, 50, 101, 127])
def test_any_size_works(name: str, size: int) -> None:
    """Sizes that are no power of two are padded inside and come out as they went in."""
    start, noise, labels = batch(size, 1)
    assert torch.equal(make(name, "generator", size, 1)(start, noise, labels), start)
    assert make(name, "discriminator", size, 1)(start, labels).shape == (4,)


@pytest.mark.parametrize("name", FAMILIES)
def test_weights_come_from_the_generator_given(name: str) -> None:
    """The same generator state gives the same weights, and torch's own generator is not asked."""
    state = torch.get_rng_state()
    for part in ("generator", "discriminator"):
        first, second = make(name, part, 28, 1), make(name, part, 28, 1)
        for left, right in zip(first.parameters(), second.parameters(), strict=True):
            assert torch.equal(left, right)
            assert left.isfinite().all()
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("name", FAMILIES)
def test_checkpoint_keeps_every_weight(name: str, tmp_path: Path) -> None:
    """A saved and loaded pair makes and scores the same to the bit."""
    generator, discriminator = awake(name, 28, 3), make(name, "discriminator", 28, 3)
    gan = GAN(name, sizes_of(28, 3), generator, discriminator, ALL_VALUES)
    save(gan, tmp_path / "pair.safetensors")
    loaded = load(tmp_path / "pair.safetensors")
    start, noise, labels = batch(28, 3)
    assert torch.equal(loaded.generator(start, noise, labels), generator(start, noise, labels))
    assert torch.equal(loaded.discriminator(start, labels), discriminator(start, labels))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_little_training_closes_a_gap(name: str) -> None:
    """Where real images are brighter than their starts, some steps of training make up for most of it."""
    generator, discriminator = make(name, "generator", 16, 1), make(name, "discriminator", 16, 1)
    adversary = Adversary(generator, discriminator, ALL_VALUES, gamma=0.5)
    optimisers = [
        torch.optim.Adam(part.parameters(), lr=2e-3, betas=(0.0, 0.99)) for part in (discriminator, generator)
    ]
    rng = torch.Generator().manual_seed(3)

    def draw() -> Batch:
        start = torch.rand(16, 1, 16, 16, generator=rng) - 0.8
        real = torch.rand(16, 1, 16, 16, generator=rng) - 0.2
        return Batch(real, start, torch.randn(16, 5, generator=rng), torch.randint(3, (16,), generator=rng))

    for step in range(100):
        adversary.discriminator_step(draw(), rng, penalised=step % 4 == 0)
        optimisers[0].step()
        adversary.generator_step(draw(), rng)
        optimisers[1].step()
    _, start, noise, labels = draw()
    assert (generator(start, noise, labels) - start).mean().item() == pytest.approx(0.6, abs=0.3)


def test_auto_goes_by_size() -> None:
    """Small images get the fully connected family, larger ones the convolutional one; a typing error is named."""
    assert [choose("auto", 12), choose("auto", 13), choose("mlp", 64)] == ["mlp", "dcgan", "mlp"]
    with pytest.raises(ValueError, match=r"'dcgna'.*dcgan"):
        choose("dcgna", 8)


def test_every_family_can_be_asked_for() -> None:
    """The names that `pretrain.network` takes are auto and the families."""
    assert get_args(PretrainSettings.model_fields["network"].annotation) == ("auto", *FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_readme_states_the_weights(name: str) -> None:
    """The table of families in the method has each family, with as many weights as it has."""
    with torch.device("meta"):
        pair = [network(Sizes(1, 28, classes=10)) for network in FAMILIES[name]]
    counts = [sum(part.numel() for part in network.parameters()) for network in pair]
    (row,) = (line for line in METHOD.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} | "))
    assert row.endswith(f"| {counts[0] / 1000:.0f} + {counts[1] / 1000:.0f} |")


def test_a_family_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: np.ndarray, labels: np.ndarray
) -> None:
    """The example in the docstring of `gan.networks`, listed as it stands, trains, is saved, loaded and generates."""
    text = inspect.getdoc(networks) or ""
    example = text[text.index('    """One hidden') : text.index("A `Residual` returns")]
    (tmp_path / "smallest.py").write_text(textwrap.dedent(example))
    spec = importlib.util.spec_from_file_location("smallest", tmp_path / "smallest.py")
    assert spec and spec.loader
    smallest = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "smallest", smallest)
    spec.loader.exec_module(smallest)
    monkeypatch.setitem(FAMILIES, "smallest", Family(smallest.Generator, smallest.Discriminator))

    gan = pretrain(images, labels, 4, PretrainSettings(steps=30, batch_size=16), "smallest", 8, seed=0)
    save(gan, tmp_path / "smallest.safetensors")
    made = generate(load(tmp_path / "smallest.safetensors"), images[:10], 0, np.arange(6)).samples
    assert made.shape == (6, 8, 8, 1) and len(np.unique(made, axis=0)) == 6
    assert all(weight.any() for weight in gan.generator.parameters())
