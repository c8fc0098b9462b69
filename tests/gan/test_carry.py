"""Maps from one subgroup to another, on planted looks whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest

from gan.carry import LEAST_CLASSES, LEAST_SAMPLES, WORTH, Carrier, Mean
from gan.carry import learn as learn_from
from gan.modalities import ImageCodec
from gan.starts import Policy, Starters

CLASSES = 6


def pictures(count: int, label: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 1, 8, 8) in [-1, 1]: a bar whose place is the class's, its brightness and width a picture's own."""
    x = np.full((count, 1, 8, 8), -0.9, np.float32)
    for one in x[:, 0]:
        width = rng.integers(1, 3)
        one[:, label : label + width] = rng.uniform(0.2, 0.9)
        one[label] += rng.uniform(0, 0.3)
    return x


def blurred(x: np.ndarray) -> np.ndarray:
    """The mean of three values side by side."""
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1)), mode="edge")
    return (padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) / 3


def learn(here: list[np.ndarray], there: list[np.ndarray]) -> Carrier | None:
    """Learn from the means of these pictures."""
    return learn_from(*([Mean(one.mean(0, dtype=float), len(one)) for one in side] for side in (here, there)))


LOOKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "negative": lambda x: -x,
    "dim": lambda x: 0.4 * x + 0.2,
    "blurred": blurred,
}


def sides(look: Callable[[np.ndarray], np.ndarray], classes: int = CLASSES, count: int = 30) -> tuple[list, list]:
    """Return other pictures of each class on either side."""
    rng = np.random.default_rng(0)
    here = [pictures(count, label, rng) for label in range(classes)]
    return here, [look(pictures(count, label, rng)) for label in range(classes)]


@pytest.mark.parametrize("look", LOOKS)
def test_pictures_of_an_unknown_class_look_as_they_would(look: str) -> None:
    """Most of the difference is gone on single pictures of a class that the map was not learnt from."""
    here, there = sides(LOOKS[look])
    carrier = learn(here[:-1], there[:-1])
    assert carrier is not None and carrier.name != "none" and carrier.classes == CLASSES - 1 and carrier.error <= WORTH
    truth = LOOKS[look](here[-1])
    left = ((carrier.carry(here[-1]) - truth) ** 2).mean() / ((here[-1] - truth) ** 2).mean()
    assert left < 0.5 and carrier.carry(here[-1]).dtype == np.float32


def test_where_both_look_alike_pictures_stay_as_they_are() -> None:
    """No map is the simplest one, and another would have to be clearly nearer."""
    carrier = learn(*sides(lambda x: x))
    assert carrier is not None and carrier.name == "none" and carrier.error < 0.2
    assert (carrier.carry(sides(lambda x: x)[0][0]) == sides(lambda x: x)[0][0]).all()


@pytest.mark.parametrize(
    "look", [lambda x: x[..., ::-1], lambda x: np.rot90(x, axes=(2, 3)), lambda x: x[:, :, :, [5, 2, 7, 0, 3, 6, 1, 4]]]
)
def test_what_no_map_explains_is_not_carried_over(look: Callable[[np.ndarray], np.ndarray]) -> None:
    """Mirrored, turned or shuffled pictures would all become the mean one."""
    assert learn(*sides(look)) is None


def test_few_classes_say_nothing() -> None:
    """A map needs classes to be tried on; a class with a sample or two on one side is none."""
    assert learn(*sides(LOOKS["dim"], classes=LEAST_CLASSES - 1)) is None
    here, there = sides(LOOKS["dim"])
    few = [one[: LEAST_SAMPLES - 1] for one in there[LEAST_CLASSES - 1 :]]
    assert learn(here, [*there[: LEAST_CLASSES - 1], *few]) is None


def test_a_sample_is_carried_over_alike_alone_and_among_many() -> None:
    """The bytes of a sample do not depend on the others that are made with it; those of the right subgroup stay."""
    rng = np.random.default_rng(1)
    here, there = sides(LOOKS["negative"], count=12)
    both = np.concatenate([np.concatenate([one, other]) for one, other in zip(here, there, strict=True)])
    images = np.round((both + 1) * 127.5).astype(np.uint8).transpose(0, 2, 3, 1)
    labels, subgroups = np.repeat(np.arange(CLASSES), 24), np.tile(np.repeat([0, 1], 12), CLASSES)
    few = ~((labels == 0) & (subgroups == 1)) | (np.arange(len(labels)) % 12 < 2)
    images, labels, subgroups = images[few], labels[few], subgroups[few]
    codec = ImageCodec.fit(images)
    made = Starters(codec.pack(images), labels, codec, Policy(borrow=0.0), subgroups)
    drawn = made.draw(0, 1, rng, 1)
    while drawn.home[0] != 0:
        drawn = made.draw(0, 1, rng, 1)
    plain = codec.decode(made.starts(drawn), made.starts(drawn))
    one = made.carried(plain.copy(), drawn)
    assert abs(one.mean() - (255 - plain.mean())) < 20 < abs(one.mean() - plain.mean())
    own = made.draw(0, 1, rng, 0)
    while own.home[0] != 0:
        own = made.draw(0, 1, rng, 0)
    stays = codec.decode(made.starts(own), made.starts(own))
    pair = made.carried(np.concatenate([stays, plain]), type(drawn)(*map(np.concatenate, zip(own, drawn, strict=True))))
    assert np.array_equal(pair[0], stays[0]) and np.array_equal(pair[1], one[0])


def test_a_subgroup_that_nothing_leads_to_is_refused() -> None:
    """Without a sample of it, and with too few classes to learn from, there is nothing to start from."""
    here, there = sides(LOOKS["dim"], classes=2, count=4)
    images = np.round((np.concatenate([*here, *there[1:]]) + 1) * 127.5).astype(np.uint8).transpose(0, 2, 3, 1)
    codec = ImageCodec.fit(images)
    made = Starters(codec.pack(images), np.array([0] * 4 + [1] * 8), codec, Policy(), np.array([0] * 8 + [1] * 4))
    with pytest.raises(ValueError, match="class 0 has no sample of subgroup 1, nor one to carry over"):
        made.draw(0, 1, np.random.default_rng(0), 1)
