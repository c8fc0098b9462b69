"""A training that was stopped goes on from its state, and ends with the bytes of one that was never stopped."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan import states
from gan.checkpoint import save
from gan.model import GAN
from gan.states import State, States
from gan.training.settings import PretrainSettings, TrainSettings, UpscaleSettings
from gan.training.train import pretrain, specialise
from gan.upscale import train_upscaler
from tests.gan.tables import mixed

Training = Callable[[States | None], GAN]
STEPS = 110  # two looks in the middle, which a state has to bring along


class Stopped(Exception):
    """In place of a kill."""


class StoppedAt(States):
    """Writes the states of a step and of the one before, and stops the training there; at -1 it does neither."""

    def __init__(self, folder: Path, step: int):
        self.step, self.lines = step, list[str]()
        super().__init__(folder, 1.0, self.lines.append)

    def is_due(self) -> bool:
        return True

    def keep_if_due(self, make: Callable[[], State]) -> None:
        step = make().notes["step"]
        if step in (self.step - 1, self.step):
            super().keep_if_due(make)
        if step == self.step:
            raise Stopped


def trainings(images: np.ndarray, labels: np.ndarray, base: GAN) -> dict[str, Training]:
    """Return one training of each sort, as functions of where their state is kept."""
    table, many = mixed(60), np.arange(60) % 3
    quick = PretrainSettings(steps=STEPS, batch_size=8, noise_dim=4, learning_rate=5e-3)
    shown, enlarging = (images[::3], labels[::3]), UpscaleSettings(factor=2, steps=STEPS, batch_size=4, width=4)
    return {
        "mlp": lambda kept: pretrain(images, labels, 4, quick, "mlp", 4, 0, validation=shown, states=kept),
        "dcgan": lambda kept: pretrain(images, labels, 4, quick, "dcgan", 4, 0, states=kept),
        "table": lambda kept: pretrain(table, many, 3, quick, "auto", 4, 0, validation=(table, many), states=kept),
        "class": lambda kept: specialise(
            base, images[:8], 0, TrainSettings(steps=STEPS, batch_size=8), 0, None, images[8:10], states=kept
        ),
        "upscaler": lambda kept: train_upscaler(images, enlarging, 0, states=kept).gan,
    }


def written(gan: GAN, folder: Path) -> bytes:
    save(gan, folder / "gan.safetensors")
    return (folder / "gan.safetensors").read_bytes()


@pytest.mark.parametrize("name", ["mlp", "dcgan", "table", "class", "upscaler"])
def test_a_stopped_training_ends_with_the_same_bytes(
    images: np.ndarray, labels: np.ndarray, base: GAN, tmp_path: Path, name: str
) -> None:
    """Stopped before the first step, between looks, at a look and before the last step, one time after the other."""
    training, folder = trainings(images, labels, base)[name], tmp_path / "states"
    untouched = written(training(None), tmp_path)
    for step in (0, 37, 50, 101, STEPS - 1):
        with pytest.raises(Stopped):
            training(StoppedAt(folder, step))
    last = StoppedAt(folder, -1)
    assert written(training(last), tmp_path) == untouched
    assert last.lines == [f"goes on after step {STEPS - 1}, where it was stopped"]
    assert len(list(folder.iterdir())) == states.KEPT


@pytest.mark.parametrize("damage", [lambda data: data[:-100], lambda data: data[:-1] + b"\1", lambda data: b""])
def test_a_damaged_state_gives_way_to_the_one_before(
    images: np.ndarray, labels: np.ndarray, base: GAN, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """Cut short, with another byte, and empty: a line says so, and the training goes on from the last but one."""
    training, folder = trainings(images, labels, base)["class"], tmp_path / "states"
    untouched = written(training(None), tmp_path)
    with pytest.raises(Stopped):
        training(StoppedAt(folder, 60))
    path = sorted(folder.iterdir())[-1]
    path.write_bytes(damage(path.read_bytes()))
    last = StoppedAt(folder, -1)
    assert written(training(last), tmp_path) == untouched
    assert "is damaged and is left out" in last.lines[0] and path.name in last.lines[0]
    assert last.lines[1:] == ["goes on after step 59, where it was stopped"]


def test_where_no_state_can_be_written_the_training_goes_on(
    images: np.ndarray, labels: np.ndarray, base: GAN, tmp_path: Path
) -> None:
    """A full disk, or as here no folder: one line says so, and the bytes are the same."""
    training, folder = trainings(images, labels, base)["class"], tmp_path / "states"
    folder.write_text("in the way")
    kept = States(folder, 1.0, (lines := []).append)
    assert written(training(kept), tmp_path) == written(training(None), tmp_path)
    assert len(lines) == 1 and "goes on without keeping its state" in lines[0]


def test_a_state_takes_no_more_than_its_share_of_the_time(tmp_path: Path) -> None:
    """With a share of zero none is written; with any other, the time spent stays below it."""
    state = State({"x": np.zeros(2_000_000)}, {"step": 1})
    never, kept = States(tmp_path / "never", 0.0), States(tmp_path / "kept", 0.2)
    kept.began -= 10  # ten seconds of work so far
    for _ in range(500):
        never.keep_if_due(lambda: state)
        kept.keep_if_due(lambda: state)
    assert not (tmp_path / "never").exists()
    assert kept.spent > 0 and kept.written > 1 and len(list((tmp_path / "kept").iterdir())) == states.KEPT
    assert not kept.is_due() or kept.spent <= 0.2 * 10


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Numbers of every size and shape, infinities and large integers in the notes."""
    arrays: dict[str, np.ndarray] = {
        "none": np.zeros((0, 3)),
        "one": np.array(1.5, np.float32),
        "bytes": np.arange(5, dtype=np.uint8),
        "turned": np.arange(6.0).reshape(2, 3).T,
    }
    notes = {"step": 3, "large": 2**127 - 1, "infinite": float("inf"), "third": 1 / 3}
    states.write(State(arrays, notes), tmp_path / "state")
    found = states.read(tmp_path / "state")
    assert found.notes == notes
    assert {name: (a.dtype, a.tolist()) for name, a in found.arrays.items()} == {
        name: (a.dtype, a.tolist()) for name, a in arrays.items()
    }
