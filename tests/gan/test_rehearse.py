"""Rehearsal on rich classes finds out which starts help."""

import numpy as np
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


def test_rehearsal_repeats_and_says_that_borrowing_helps_digits() -> None:
    """Rich digits cut to a few are found more surely with borrowed differences; the figures are the same each time."""
    samples, labels = cut_digits(8)
    codec, known = modalities.fit(samples), policies(5)
    figures = rehearse(samples, labels, codec, known, seed=0)
    assert figures["borrowed"].mean() > figures["neighbours"].mean()
    again = rehearse(samples, labels, codec, known, seed=0)
    assert all(np.array_equal(figures[name], again[name]) for name in known)
    assert choose_policy(samples, labels, codec, PretrainSettings(), seed=0) == known["borrowed"]


def test_noise_is_not_worth_a_change_of_policy() -> None:
    """Borrowing is given up only where neighbours alone are ahead by more than the rounds differ."""
    rounds = np.array([0.80, 0.90, 0.85])
    assert best({"neighbours": rounds + np.array([0.01, -0.01, 0.005]), "borrowed": rounds}) == "borrowed"
    assert best({"neighbours": rounds + 0.01, "borrowed": rounds}) == "neighbours"
    assert best({}) == "neighbours"


def test_without_rich_classes_there_is_no_rehearsal() -> None:
    """Two classes leave nothing to rehearse with; a policy that is named is taken as it is."""
    samples, labels = cut_digits(8)
    few = labels < 2
    codec = modalities.fit(samples)
    assert choose_policy(samples[few], labels[few], codec, PretrainSettings(), 0) == Policy(5, borrow=0.0)
    assert choose_policy(samples, labels, codec, PretrainSettings(starts="neighbours"), 0).borrow == 0
