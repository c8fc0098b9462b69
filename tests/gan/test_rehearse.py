"""Rehearsal on rich classes finds out which starts help."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gan import modalities
from gan.rehearse import best, choose_policy, policies, rehearse
from gan.starts import Policy
from gan.train_settings import PretrainSettings


def cut_digits(few: int) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits, classes 1, 3, 5 and 8 cut to `few` pictures."""
    found = load_digits()
    rows = [np.flatnonzero(found.target == label)[: few if label in (1, 3, 5, 8) else None] for label in range(10)]
    chosen = np.concatenate(rows)
    return (found.images[chosen] * 15).astype(np.uint8)[..., None], found.target[chosen]


def test_movements_win_where_pictures_are_moved() -> None:
    """Digits are written a little turned and shifted: rehearsal says that movements help, the same each time."""
    samples, labels = cut_digits(8)
    codec, known = modalities.fit(samples), policies(5, pictures=True)
    figures = rehearse(samples, labels, codec, known, seed=0)
    assert figures["moved"].mean() > figures["neighbours"].mean()
    again = rehearse(samples, labels, codec, known, seed=0)
    assert all(np.array_equal(figures[name], again[name]) for name in known)
    assert choose_policy(samples, labels, codec, PretrainSettings(), seed=0) == known[best(figures)]


def test_noise_is_not_worth_a_change_of_policy() -> None:
    """Another policy is taken only where it is ahead by more than the rounds differ."""
    rounds = np.array([0.80, 0.90, 0.85])
    assert (
        best({"neighbours": rounds, "borrowed": rounds, "moved": rounds + np.array([0.01, -0.01, 0.005])}) == "borrowed"
    )
    assert best({"neighbours": rounds, "borrowed": rounds, "moved": rounds + 0.01}) == "moved"
    assert best({}) == "neighbours"


def test_without_rich_classes_there_is_no_rehearsal() -> None:
    """Two classes leave nothing to rehearse with; a policy that is named is taken as it is."""
    samples, labels = cut_digits(8)
    few = labels < 2
    codec = modalities.fit(samples)
    assert choose_policy(samples[few], labels[few], codec, PretrainSettings(), 0) == Policy(5, borrow=0.0)
    assert choose_policy(samples, labels, codec, PretrainSettings(starts="moved"), 0).moved == 0.5


def test_a_table_cannot_be_moved() -> None:
    """Moving starts is for pictures; for a table the error names what there is."""
    import pandas as pd

    frame = pd.DataFrame({"x": np.arange(20.0)})
    codec = modalities.fit(frame)
    with pytest.raises(ValueError, match="neighbours or borrowed"):
        choose_policy(codec.pack(frame), np.arange(20) % 2, codec, PretrainSettings(starts="moved"), 0)
