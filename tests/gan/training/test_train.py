"""Training and checkpoints repeat to the byte."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors import safe_open
from safetensors.torch import save_file

from gan.checkpoint import load, save
from gan.errors import CheckpointError
from gan.modalities.images import ImageCodec
from gan.model import GAN
from gan.networks import FAMILIES
from gan.progress import Progress
from gan.sample import generate
from gan.starts import Policy, Starters
from gan.training.batches import Batches
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise

CPU = torch.device("cpu")


def checkpoint_bytes(gan: GAN, folder: Path) -> bytes:
    save(gan, folder / "gan.safetensors")
    return (folder / "gan.safetensors").read_bytes()


@pytest.mark.parametrize("network", FAMILIES)
def test_same_seed_same_checkpoint(
    quick: PretrainSettings, images: np.ndarray, labels: np.ndarray, network: str, tmp_path: Path
) -> None:
    """Training twice with one seed writes the same bytes; another seed writes others."""
    first, again, other = (
        checkpoint_bytes(pretrain(images, labels, 4, quick, network, 4, seed), tmp_path) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_global_generators_are_left_alone(base: GAN, images: np.ndarray, labels: np.ndarray) -> None:
    """Training and sampling neither read nor move the global generators of torch and NumPy."""
    before = torch.get_rng_state(), str(np.random.get_state(legacy=False)["state"])  # noqa: NPY002  (it is what is asked)
    trained = specialise(base, images[:10], 0, TrainSettings(steps=2, batch_size=4), seed=0)
    generate(trained, images[:10], 0, np.arange(3))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == str(np.random.get_state(legacy=False)["state"])  # noqa: NPY002  (it is what is asked)


def test_held_out_samples_are_never_trained_on(
    quick: PretrainSettings, images: np.ndarray, labels: np.ndarray, base: GAN
) -> None:
    """A training goes the same way with held-out samples and without; they are scored and judged by."""
    watched = pretrain(images, labels, 4, quick, "mlp", 4, seed=0, validation=(images[::3], labels[::3]))
    assert {"score_held_out", "energy"} == set(watched.history[-1]) - set(base.history[-1])
    for name, value in base.history[-1].items():
        assert watched.history[-1][name] == value


def test_the_more_faithful_the_less_a_sample_moves(images: np.ndarray, labels: np.ndarray) -> None:
    """How far outputs end from their starts falls with the weight `faithful`."""
    moved = []
    for faithful in (0.0, 0.07, 1.0):
        settings = PretrainSettings(steps=150, batch_size=16, learning_rate=2e-3, ema=0.1, faithful=faithful)
        gan = pretrain(images, labels, 4, settings, "mlp", 4, seed=0)
        batch = Batches(Starters(images, labels, gan.codec, gan.policy), np.arange(4), CPU, 32, power=0.5).draw(
            64, np.random.default_rng(0)
        )
        moved.append(float((gan.generator(batch.start, batch.noise, batch.labels) - batch.start).abs().mean()))
    assert moved[0] > moved[1] > moved[2] > 0


def test_labels_of_a_pair_always_match(images: np.ndarray, labels: np.ndarray) -> None:
    """The real sample and both parents of the start have the label of their row."""
    samples = np.broadcast_to(labels.astype(np.uint8)[:, None, None, None], images.shape)
    starters = Starters(samples, labels, ImageCodec.fit(samples), Policy(borrow=0.0))
    batch = Batches(starters, np.arange(4), CPU, 2, power=0.5).draw(200, np.random.default_rng(0))
    told = batch.labels / 127.5 - 1
    assert len(batch.labels.unique()) == 4
    assert torch.equal(batch.real[:, 0, 0, 0], told)
    assert torch.equal(batch.start[:, 0, 0, 0], told)


def test_sampling_power_weighs_the_classes() -> None:
    """With the power 0.5, a class of 100 is drawn 10 times as often as a class of 1."""
    labels = np.array([0] * 100 + [1])
    samples = np.zeros((101, 4, 4, 1), np.uint8)
    batches = Batches(Starters(samples, labels, ImageCodec.fit(samples), Policy()), np.arange(2), CPU, 1, power=0.5)
    assert batches.shares == pytest.approx([10 / 11, 1 / 11])


def test_training_moves_the_generator_and_leaves_the_base(base: GAN, trained: GAN) -> None:
    """Specialising returns another GAN; the base stays what it was."""
    pairs = list(zip(base.generator.parameters(), trained.generator.parameters(), strict=True))
    assert any(not torch.equal(left, right) for left, right in pairs)
    assert (base.class_index, trained.class_index) == (None, 1)
    assert (base.total_steps, trained.total_steps) == (30, 50)
    assert [row["step"] for row in trained.history] == [30, 50]


def test_no_steps_keep_the_base(base: GAN, images: np.ndarray) -> None:
    """`train.steps: 0` without held-out samples hands the base on as it is."""
    same = specialise(base, images[:10], 0, TrainSettings(steps=0), seed=0)
    for left, right in zip(base.generator.parameters(), same.generator.parameters(), strict=True):
        assert torch.equal(left, right)


def test_one_sample_is_enough_to_train_on(base: GAN, images: np.ndarray) -> None:
    """A class of a single sample trains and samples; nothing divides by zero."""
    single = specialise(base, images[:1], 0, TrainSettings(steps=2, batch_size=4), seed=0)
    assert generate(single, images[:1], 0, np.arange(2)).samples.shape == (2, 8, 8, 1)


def test_progress_ends_at_the_total(images: np.ndarray, labels: np.ndarray) -> None:
    """Progress is told every 50 steps and at the end, with finite figures."""
    told: list[tuple[int, int]] = []
    listen: Progress = lambda done, total, figures: told.append((done, total))  # noqa: E731
    settings = PretrainSettings(steps=70, batch_size=4, noise_dim=2)
    gan = pretrain(images, labels, 4, settings, "mlp", 4, 0, listen)
    assert told == [(50, 70), (70, 70)]
    assert all(np.isfinite(list(row.values())).all() for row in gan.history)


def test_checkpoint_round_trip_samples_the_same(trained: GAN, images: np.ndarray, tmp_path: Path) -> None:
    """A GAN that was saved and loaded is the same GAN: same samples, same bytes when saved again."""
    written = checkpoint_bytes(trained, tmp_path)
    loaded = load(tmp_path / "gan.safetensors")
    left, right = (generate(gan, images[10:20], 1, np.arange(5)) for gan in (trained, loaded))
    assert np.array_equal(left.samples, right.samples)
    assert checkpoint_bytes(loaded, tmp_path) == written


def test_a_checkpoint_of_before_is_read(trained: GAN, tmp_path: Path) -> None:
    """A frozen base outlives the name of a field."""
    checkpoint_bytes(trained, tmp_path)
    path = tmp_path / "gan.safetensors"
    with safe_open(path, framework="pt") as file:
        told, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    before = {key: text.replace('"lenders"', '"donors"') for key, text in told.items()}
    assert before != told
    save_file(tensors, path, metadata=before)
    assert load(path).policy == trained.policy


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_damaged_checkpoint_is_named(trained: GAN, tmp_path: Path, content: bytes | None) -> None:
    """A file that is empty, something else or cut short raises an error that names it."""
    path = tmp_path / "class.safetensors"
    path.write_bytes(checkpoint_bytes(trained, tmp_path)[:-100] if content is None else content)
    with pytest.raises(CheckpointError, match=r"class\.safetensors"):
        load(path)
    with pytest.raises(FileNotFoundError, match="train the model"):
        load(tmp_path / "missing")


def test_wrong_input_is_refused(quick: PretrainSettings, base: GAN, images: np.ndarray, labels: np.ndarray) -> None:
    """Images that are not square, labels out of range, other images than the base's and misspelt settings."""
    with pytest.raises(ValueError, match=r"\(n, s, s, c\)"):
        pretrain(images[:, :6], labels, 4, quick, "mlp", 4, 0)
    with pytest.raises(ValueError, match=r"0\.\.2"):
        pretrain(images, labels, 3, quick, "mlp", 4, 0)
    with pytest.raises(ValueError, match="8 pixels"):
        specialise(base, images[:, :6, :6], 0, TrainSettings(), 0)
    with pytest.raises(ValidationError, match="stepz"):
        TrainSettings.model_validate({"stepz": 3})


@pytest.mark.parametrize("network", FAMILIES)
def test_half_precision_trains(
    quick: PretrainSettings, images: np.ndarray, labels: np.ndarray, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What autocast does on CUDA works on the CPU, too: float32 weights and penalties, and losses near the exact ones."""
    exact = pretrain(images, labels, 4, quick, network, 4, seed=0)
    monkeypatch.setattr(
        "gan.training.adversary.half_precision", lambda device: torch.autocast("cpu", dtype=torch.bfloat16)
    )
    rounded = pretrain(images, labels, 4, quick, network, 4, seed=0)
    assert all(weight.dtype == torch.float32 for weight in rounded.generator.parameters())
    assert rounded.history[-1] != exact.history[-1]
    for name, value in rounded.history[-1].items():
        assert value == pytest.approx(exact.history[-1][name], abs=0.05, rel=0.2)
