"""What is chosen, is chosen without the test split."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.evaluation import choose, metrics, tables
from pipelines.evaluation.arms import ARMS
from pipelines.evaluation.choose import Option, Scored
from pipelines.evaluation.evaluate import measure, prepare
from pipelines.evaluation.fitting import Key
from pipelines.evaluation.settings import Settings
from tests.pipelines.evaluation.worlds import digits, with_test_labels

QUICK = Settings(
    classifiers=["logistic_regression"], estimators={"sklearn.naive_bayes.GaussianNB": {}}, folds=3, doses=[0.25, 1.0]
)


def test_changing_the_test_labels_changes_no_choice() -> None:
    """Classifier, arms, rivals, strength of the tuned threshold, dose and use stay; the gains on test do not."""
    world = digits((1, 3), classes=5)
    chosen = []
    for inputs in (world, with_test_labels(world, 1)):
        study, choice = prepare(inputs, QUICK, 0)
        measured = measure(study, choice, QUICK, 0, brief=True)
        scores = {key: scored.value for key, scored in choice.scores.items()}
        way = (measured.way.dose, measured.way.use, measured.way.reason)
        chosen.append((choice.classifier, choice.arm, choice.rivals, choice.strength, scores, way, measured.gains))
    assert chosen[0][:-1] == chosen[1][:-1]
    assert chosen[0][-1] != chosen[1][-1]


def test_what_is_measured_was_trained_on_train_and_validation() -> None:
    """A class that only validation has is known on test; thresholds come from answers out of fold, one a row."""
    world = digits((1, 3), classes=5)
    moved = world.train.y == 4
    validation = world.validation.join(world.train.take(moved))
    world = replace(world, train=world.train.take(~moved), validation=validation)
    study, _ = prepare(world, QUICK, 0)
    key = Key("logistic_regression", "nothing", 2)
    study.train([key], "arms")
    said = study.predictions(key, 0.8)
    assert metrics.recall(said, 4) > 0.9
    assert len(said.out) == len(world.real) and sorted(said.out_y) == sorted(world.real.y)


def test_a_tuned_threshold_takes_samples_like_any_arm() -> None:
    """It is trained like `nothing`, with the samples, and decides with its own priors: from choice to gain."""
    study, choice = prepare(digits((1, 3), classes=5), QUICK, 0)
    arm = "tuned_threshold"
    tuned = replace(choice, arm=dict.fromkeys(choice.arm, arm), rivals={name: [arm] for name in choice.arm})
    measured = measure(study, tuned, QUICK, 0)
    assert len(measured.way.options) == 3 and all(option.scored.by_class for option in measured.way.options)
    assert (choice.classifier, "tuned_threshold", 1) in measured.gains


def scored(value: float, error: float = 0.01, seed: int = 0) -> Scored:
    """A score whose lead over one of seed 0 and error 0.01 has a standard error of about `error`."""
    base = np.random.default_rng(0).normal(0, 0.01, 500)
    own = np.random.default_rng(seed + 1).normal(0, error, 500) if seed else 0
    return Scored(value, value + base + own, {})


@pytest.mark.parametrize(
    ("network", "stands", "others"),
    [
        (True, "first", {(0.1, "mixed"), (1.0, "mixed"), (1.0, "drawn")}),
        (False, "mixed", {(0.25, "mixed"), (1.0, "mixed"), (1.0, "light")}),
    ],
)
def test_real_samples_last_stand_with_a_network_and_a_small_dose_with_others(
    network: bool, stands: str, others: set[tuple[float, str]]
) -> None:
    """Each way is tried once."""
    (_, use), *tried = choose.ways(network, [1.0, 0.1, 0.25])
    assert use == stands and set(tried) == others and len(tried) == len(others)


@pytest.mark.parametrize(
    ("large", "needed", "dose"),
    [
        (scored(0.80), 0.5, 0.1),  # no difference
        (scored(0.807, 0.01, seed=1), 1.0, 0.1),  # better by .7 of a standard error
        (scored(0.807, 0.01, seed=1), 0.5, 1.0),
        (scored(0.85, 0.01, seed=1), 1.0, 1.0),  # better by five
    ],
)
def test_the_first_way_stands_unless_another_one_is_better(large: Scored, needed: float, dose: float) -> None:
    """By more than so many standard errors out of fold."""
    options = [Option(0.1, "mixed", scored(0.80), 5), Option(1.0, "mixed", large, 5)]
    way = choose._best_way(options, scored(0.79), options, needed)
    assert way.dose == dose and way.worthwhile


def test_of_a_classifier_fitted_at_once_every_way_goes_through_all_folds() -> None:
    """But those that the first folds rule out; and every arm is a rival."""
    world = digits((1, 3), classes=5, kind="real")
    study, choice = prepare(world, QUICK, 0)
    assert study.folds is not None
    way = choose.choose_way(study.folds, choice, QUICK.doses)
    counts = {
        (cost[1], cost[2]): sum(other[:3] == cost[:3] for other in study.fitter.costs) for cost in study.fitter.costs
    }
    assert counts["gan_filtered", choice.classifier] == len(way.options) * QUICK.folds
    every = {arm.name for arm in ARMS.values() if arm.network is not True and arm.series is not True}
    assert set(choice.rivals[choice.classifier]) == every
    assert choice.rivals[choice.classifier][0] == choice.arm[choice.classifier]


def test_ways_of_other_folds_are_not_compared() -> None:
    """Of one that was tried in the first folds alone the table has no error, and says in how many it was tried."""
    options = (Option(0.1, "mixed", scored(0.80), 5), Option(1.0, "mixed", scored(0.9, 0.01, seed=1), 2))
    table = tables.ways(choose.Way(0.1, "mixed", "", options))
    assert table["folds"].tolist() == [5, 2] and table["error"].isna().tolist() == [False, True]


def test_samples_that_do_harm_out_of_fold_are_not_measured() -> None:
    """By more than two standard errors below the arm alone; the reason says by how much."""
    options = [Option(0.1, "mixed", scored(0.70), 5)]
    way = choose._best_way(options, scored(0.80, 0.01, seed=1), options, 1.0)
    assert not way.worthwhile and "lower average precision by 0.100" in way.reason


def test_an_arm_is_ruled_out_by_two_standard_errors() -> None:
    """And never the best one, nor one that is level with it."""
    best = scored(0.80)
    assert choose._ruled_out(scored(0.75, 0.01, seed=1), best)
    assert not choose._ruled_out(scored(0.79, 0.01, seed=1), best) and not choose._ruled_out(best, best)


def test_a_class_of_one_sample_is_not_cross_validated() -> None:
    """Then the first classifier and class weights are taken, and every arm has to be beaten."""
    world = digits((1,), classes=3)
    single = world.train.take(np.append(np.flatnonzero(world.train.y != 1), np.flatnonzero(world.train.y == 1)[0]))
    _, choice = prepare(
        type(world)(single, world.train.take(world.train.y == 0), world.test, world.names, {1: 9}, ()), QUICK, 0
    )
    assert choice.arm[choice.classifier] == "class_weights" and "smote" in choice.rivals[choice.classifier]
    assert np.isnan(choice.scores["logistic_regression", "smote"].value)
