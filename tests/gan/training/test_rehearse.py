"""Rehearsal finds out which starts help: on majority classes that are cut, or on minority ones that are halved."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from gan import modalities
from gan.modalities import TableCodec
from gan.starts import Policy
from gan.training.rehearse import best, choose_policy, policies, rehearsed
from gan.training.settings import PretrainSettings


def cut_digits(few: int) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits, classes 1, 3, 5 and 8 cut to `few` images."""
    found = load_digits()
    rows = [np.flatnonzero(found.target == label)[: few if label in (1, 3, 5, 8) else None] for label in range(10)]
    chosen = np.concatenate(rows)
    return (found.images[chosen] * 15).astype(np.uint8)[..., None], found.target[chosen]


def test_borrowing_helps_digits() -> None:
    """Rich digits cut to a few are found more surely with borrowed differences, or as surely."""
    samples, labels = cut_digits(8)
    codec = modalities.fit(samples)
    assert choose_policy(samples, labels, codec, PretrainSettings(), seed=0) == policies(5)["borrowed"]


def test_noise_helps_a_table_in_which_most_columns_say_nothing() -> None:
    """30 rows of a class leave holes in 4 columns of noise, which a forest takes for signs until noise fills them."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [600, 30])
    frame = pd.DataFrame(rng.standard_normal((630, 5))).rename(columns=str)
    frame["0"] += 1.5 * labels
    codec = TableCodec.fit(frame)
    assert rehearsed(codec.pack(frame), labels, codec, policies(5), seed=0) == "wide_spread"
    assert choose_policy(codec.pack(frame), labels, codec, PretrainSettings(), 0) == policies(5)["wide_spread"]


def test_chance_is_not_worth_a_change_of_policy() -> None:
    """The preferred policy is given up only for one that is ahead by more than the rounds differ, the one farthest ahead."""
    rounds = np.array([0.80, 0.90, 0.85])
    jitter = np.array([0.01, -0.01, 0.005])
    assert best({"neighbours": rounds + jitter, "borrowed": rounds}, "borrowed") == "borrowed"
    assert best({"neighbours": rounds + 0.01, "borrowed": rounds}, "borrowed") == "neighbours"
    ahead = {"neighbours": rounds, "borrowed": rounds + 0.01, "spread": rounds + 0.02 + 0.1 * jitter}
    assert best(ahead, "neighbours") == "spread"


def test_where_no_class_is_poor_or_has_enough_samples_there_is_no_rehearsal() -> None:
    """Balanced classes leave nothing to rehearse with, nor do four samples."""
    samples, labels = cut_digits(8)
    for few in (np.isin(labels, [0, 2]), np.isin(labels, [0, 1]) & (np.arange(len(labels)) < 182)):
        codec = modalities.fit(samples)
        assert choose_policy(samples[few], labels[few], codec, PretrainSettings(), 0) == Policy(5, borrow=0.0)
    frame = pd.DataFrame({"x": np.arange(20.0) ** 1.5})
    table = TableCodec.fit(frame)
    made = choose_policy(table.pack(frame), np.arange(20) % 2, table, PretrainSettings(), 0)
    assert made == policies(5)["spread"]


def test_a_policy_that_is_named_is_taken_and_noise_refused_for_images() -> None:
    """What the settings say is not questioned, unless it makes no sense."""
    samples, labels = cut_digits(8)
    codec = modalities.fit(samples)
    assert choose_policy(samples, labels, codec, PretrainSettings(starts="neighbours"), 0).borrow == 0
    with pytest.raises(ValueError, match="not made for data of kind images"):
        choose_policy(samples, labels, codec, PretrainSettings(starts="spread"), 0)
