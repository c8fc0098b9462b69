"""The over-sampler keeps the contract of imbalanced-learn and makes exactly the rows that are asked for."""

import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import parametrize_with_checks
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from gan import GANOverSampler
from tests.gan.tables import mixed

FRAME = mixed(120).rename(columns={7: "seven"})  # scikit-learn wants all names to be strings
Y = pd.Series(np.repeat(["rich", "poor", "poorer"], [90, 20, 10]), name="class")


def quick(**given: Any) -> GANOverSampler:
    return GANOverSampler(**{"steps": 10, "width": 1, "batch_size": 8, "random_state": 0} | given)


CHECKS = parametrize_with_checks([quick()]).mark


@pytest.mark.parametrize(
    CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs
)  # a list: pytest deprecates its generator
def test_the_checks_of_imbalanced_learn_pass(estimator: Any, check: Any) -> None:
    """Every check that imbalanced-learn has for a sampler passes."""
    check(estimator)


def test_exactly_the_rows_asked_for_are_made() -> None:
    """Real rows come first and unchanged, and each class has just what the strategy says."""
    for strategy, counts in (
        ("auto", {"rich": 90, "poor": 90, "poorer": 90}),
        ("minority", {"rich": 90, "poor": 20, "poorer": 90}),
        ({"poor": 33}, {"rich": 90, "poor": 33, "poorer": 10}),
    ):
        sampler = quick(sampling_strategy=strategy)
        x, y = sampler.fit_resample(FRAME, Y)
        assert Counter(y) == counts
        assert sampler.synthetic_index_.tolist() == list(range(120, len(x)))
        assert sampler.discriminator_scores_.shape == (len(x) - 120,)
        assert np.isfinite(sampler.discriminator_scores_).all()
        pd.testing.assert_frame_equal(x[:120], FRAME)


def test_a_frame_keeps_its_types_and_its_categories() -> None:
    """Synthetic rows have the types of the real ones, no new category, and parents of their own class."""
    sampler = quick(class_steps=5)
    x, y = sampler.fit_resample(FRAME, Y)
    pd.testing.assert_series_equal(x.dtypes, FRAME.dtypes)
    assert isinstance(y, pd.Series) and y.name == "class"
    for name in ("category", "str", "string", "stars"):
        assert set(x[name].dropna()) <= set(FRAME[name].dropna())
    parents = Y.to_numpy()[sampler.parents_]
    assert (parents == y.to_numpy()[sampler.synthetic_index_, None]).all()


def test_the_same_random_state_gives_the_same_rows() -> None:
    """One number for `random_state` repeats to the byte; another does not."""
    first, again, other = (quick(random_state=seed).fit_resample(FRAME, Y)[0] for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first["price"].equals(other["price"])


def test_a_budget_keeps_what_scores_higher() -> None:
    """With an acceptance of a quarter still exactly the rows asked for come, and their scores are higher."""
    means = {}
    for acceptance in (1.0, 0.25):
        sampler = quick(steps=60, acceptance=acceptance, sampling_strategy={"poor": 90})
        _, y = sampler.fit_resample(FRAME, Y)
        assert Counter(y)["poor"] == 90
        means[acceptance] = sampler.discriminator_scores_.mean()
    assert means[0.25] > means[1.0]


def test_it_works_in_a_pipeline_under_a_grid_search() -> None:
    """As a step of imbalanced-learn's pipeline its settings can be searched, and it touches training rows alone."""
    x, y = make_classification(120, weights=[0.9], random_state=0)
    pipeline = make_pipeline(quick(), LogisticRegression())
    search = GridSearchCV(pipeline, {"ganoversampler__k_neighbors": [2, 4]}, cv=2, error_score="raise").fit(x, y)
    assert search.best_params_["ganoversampler__k_neighbors"] in (2, 4)
    assert search.predict(x).shape == (120,)


def test_arrays_of_any_form_come_back_in_it() -> None:
    """Sparse matrices stay sparse, objects stay objects, running numbers are learnt and not taken for identifiers."""
    rng = np.random.default_rng(0)
    dense = np.column_stack([np.arange(40), rng.integers(0, 3, 40), rng.normal(size=40).round(1)])
    y = np.repeat([0, 1], [30, 10])
    x, _ = quick().fit_resample(dense, y)
    assert x[40:, 0].min() > 25 and x[40:, 0].max() <= 39  # 30 to 39 are real; a start has a little noise
    loose, _ = quick().fit_resample(sparse.csc_matrix(dense), y)
    assert loose.format == "csc" and np.allclose(loose.toarray(), x)
    texts = np.column_stack([dense.astype(object), rng.choice(list("ab"), 40)])
    made, _ = quick().fit_resample(texts, y)
    assert made.dtype == object and set(made[:, 3]) == {"a", "b"}


def test_a_class_of_one_row_is_grown() -> None:
    """A class with a single row, where SMOTE ends with an error, starts at that row."""
    y = np.array(["rich"] * 119 + ["single"])
    sampler = quick()
    _, grown = sampler.fit_resample(FRAME, y)
    assert Counter(grown) == {"rich": 119, "single": 119}
    assert (sampler.parents_ == 119).all()


def test_nothing_to_do_trains_nothing() -> None:
    """Classes that are balanced already come back as they are."""
    sampler = quick()
    x, y = sampler.fit_resample(FRAME, np.arange(120) % 2)
    assert len(x) == len(y) == 120 and sampler.gans_ == {} and len(sampler.synthetic_index_) == 0


def test_infinite_values_are_refused() -> None:
    """An infinite value is an error of one line that names the column."""
    with pytest.raises(ValueError, match="'price' has infinite values"):
        quick().fit_resample(FRAME.assign(price=np.inf * np.where(np.arange(120) % 2, 1, -1)), Y)


def test_a_kind_of_no_column_is_refused() -> None:
    """A misspelt name would leave the column to be guessed."""
    with pytest.raises(ValueError, match="there is no column 'prize'; there are"):
        quick(kinds={"prize": "numeric"}).fit_resample(FRAME, Y)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3)])
def test_images_come_back_as_images(shape: tuple[int, ...]) -> None:
    """As arrays, or flattened with a shape: the same samples, uint8, of the class that was asked for, real ones first."""
    rng = np.random.default_rng(0)
    y = np.repeat(["rich", "poor"], [30, 12])
    images = rng.integers(0, 90, (42, *shape)).astype(np.uint8)
    images[y == "poor", :4] += 120
    made, grown = quick(steps=20).fit_resample(images, y)
    assert made.shape == (60, *shape) and made.dtype == np.uint8 and (made[:42] == images).all()
    assert Counter(grown) == {"rich": 30, "poor": 30}
    assert made[42:, :4].mean() > made[42:, 4:].mean() + 60
    flat, _ = quick(steps=20, image_shape=shape).fit_resample(images.reshape(42, -1), y)
    assert (flat.reshape(made.shape) == made).all()


def test_what_is_no_image_is_refused() -> None:
    """Rows that do not fill the shape, and images of decimals, each with a line that says what was expected."""
    with pytest.raises(ValueError, match=r"image_shape is \(7, 8\)"):
        quick(image_shape=(7, 8)).fit_resample(np.zeros((20, 64), np.uint8), np.repeat([0, 1], [14, 6]))
    with pytest.raises(ValueError, match="expected uint8"):
        quick().fit_resample(np.zeros((20, 8, 8)), np.repeat([0, 1], [14, 6]))


def test_a_rehearsal_and_talk_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """`rehearse` may choose another start than a little noise; `verbose` prints how far the training is."""
    quick(verbose=True).fit_resample(FRAME, Y)
    assert "[GANOverSampler] all classes: step 10 of 10" in capsys.readouterr().out
    sampler = quick(rehearse=True)
    sampler.fit_resample(FRAME, Y)
    assert "poor" in sampler.gans_ and capsys.readouterr().out == ""


def test_importing_the_core_stays_light() -> None:
    """`import gan` loads neither torch nor scikit-learn; the sampler is there when it is asked for."""
    code = "import sys, gan; print(*(name in sys.modules for name in ('torch', 'sklearn', 'imblearn')))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False"] * 3
    with pytest.raises(AttributeError, match="GANSampler"):
        import gan

        gan.GANSampler  # noqa: B018
