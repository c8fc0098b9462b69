"""An over-sampler for tables with the interface of imbalanced-learn, built on the GAN."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from imblearn.utils._validation import _check_X
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import validate_data

from gan.filter import FilterSettings, accept
from gan.modalities.table import Kind, TableCodec, infer_kinds
from gan.model import GAN, Labelled
from gan.sample import Generated, generate
from gan.score import Calibration, score
from gan.seeds import derive, numpy_generator
from gan.training.settings import FAITHFUL_ROWS
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise

SEEDS = 2**31 - 1


class GANOverSampler(BaseOverSampler):
    """Over-sample with a conditional GAN that starts from points between neighbours, as SMOTE does, and a little noise.

    One GAN is trained on all classes; for each class that needs rows it is trained on for `class_steps` steps. Arrays,
    lists, sparse matrices (made dense inside) and data frames go in and come out with their types. Numbers return to
    their grid; categories, missing values and spikes are those of a parent.

    sampling_strategy: as in imbalanced-learn; exactly the rows that it asks for are made.
    random_state: an int makes the result repeat to the byte.
    steps: training steps of the GAN of all classes; a thousand take a few seconds on one core. class_steps: further ones
    for each class that gets rows.
    width: 16 times as many units in each hidden layer. batch_size: pairs of a real and a generated row a step.
    k_neighbors: nearest rows of the class, one of which a start leans to.
    acceptance: share of the candidates that the discriminator keeps by rejection sampling; 1 keeps all.
    kinds: of the columns (`gan.modalities.table.Kind`) by name or, without names, by number; by default inferred, but
    numbers are never taken for identifiers.

    After `fit_resample`: synthetic_index_, (m,) rows of the result that are synthetic. discriminator_scores_, (m,) their
    raw scores, comparable within a class. parents_, (m, 2) rows of X that each started between. gans_, the GAN of each
    class that got rows.

    A class of a single row has no neighbours; its rows start at that row itself. Raises ValueError for infinite values.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseOverSampler._parameter_constraints,
        "steps": [Interval(Integral, 1, None, closed="left")],
        "class_steps": [Interval(Integral, 0, None, closed="left")],
        "width": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "k_neighbors": [Interval(Integral, 1, None, closed="left")],
        "acceptance": [Interval(Real, 0, 1, closed="right")],
        "kinds": [Mapping, None],
    }

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        random_state: Any = None,
        steps: int = 1000,
        class_steps: int = 0,
        width: int = 8,
        batch_size: int = 64,
        k_neighbors: int = 5,
        acceptance: float = 1.0,
        kinds: Mapping[Any, Kind] | None = None,
    ):
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.steps = steps
        self.class_steps = class_steps
        self.width = width
        self.batch_size = batch_size
        self.k_neighbors = k_neighbors
        self.acceptance = acceptance
        self.kinds = kinds

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, np.ndarray, bool]:
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        X = _check_X(X)
        _, y = validate_data(self, X=X, y=y, reset=True, skip_check_array=True)
        return X, np.asarray(y), binarize_y

    def _fit_resample(self, X: Any, y: np.ndarray) -> tuple[Any, np.ndarray]:
        seed = int(check_random_state(self.random_state).randint(SEEDS))
        frame = _as_frame(X)
        classes, labels = np.unique(y, return_inverse=True)
        wanted = {
            int(np.searchsorted(classes, name)): count for name, count in self.sampling_strategy_.items() if count
        }
        self.gans_: dict[Any, GAN] = {}
        made: list[Generated] = []
        scores: list[np.ndarray] = []
        base = self._pretrained(frame, labels, len(classes), seed) if wanted else None
        for index, count in wanted.items():
            assert base is not None
            own = np.flatnonzero(labels == index)
            rows, lenders = frame.iloc[own], (frame, labels)
            gan = base
            if self.class_steps:
                gan = specialise(base, rows, index, self._train_settings(), seed, lenders=lenders)
            part, part_scores = self._made(gan, rows, index, count, derive(seed, "class", index), lenders)
            made.append(
                part._replace(reference_index=own[part.reference_index], neighbour_index=own[part.neighbour_index])
            )
            scores.append(part_scores)
            self.gans_[classes[index]] = gan
        self.discriminator_scores_ = np.concatenate([np.empty(0), *scores])
        self.synthetic_index_ = np.arange(len(y), len(y) + len(self.discriminator_scores_))
        parents = [np.column_stack([part.reference_index, part.neighbour_index]) for part in made]
        self.parents_ = np.concatenate([np.empty((0, 2), np.int64), *parents])
        whole = pd.concat([frame, *(part.samples for part in made)], ignore_index=True)
        added = [np.full(count, classes[index], y.dtype) for index, count in wanted.items()]
        return _like(X, whole), np.concatenate([y, *added])

    def _pretrained(self, frame: pd.DataFrame, labels: np.ndarray, class_count: int, seed: int) -> GAN:
        strange = [name for name in self.kinds or {} if name not in frame.columns]
        if strange:
            raise ValueError(
                f"kinds: there is no column {strange[0]!r}; there are {', '.join(map(str, frame.columns))}"
            )
        kinds = {name: _learnable(kind, frame[name]) for name, kind in infer_kinds(frame).items()}
        codec = TableCodec.fit(frame, kinds | dict(self.kinds or {}))
        settings = PretrainSettings(
            steps=self.steps, batch_size=self.batch_size, neighbours=self.k_neighbors, faithful=FAITHFUL_ROWS
        )
        return pretrain(frame, labels, class_count, settings, "mlp", self.width, seed, codec=codec)

    def _train_settings(self) -> TrainSettings:
        return TrainSettings(steps=self.class_steps, batch_size=self.batch_size, faithful=FAITHFUL_ROWS)

    def _made(
        self, gan: GAN, own: pd.DataFrame, index: int, count: int, seed: int, lenders: Labelled
    ) -> tuple[Generated, np.ndarray]:
        """Make `count` rows of a class from its rows `own`, and their scores, (count,)."""
        candidates = int(np.ceil(count / self.acceptance))
        marks = np.array([derive(seed, row) for row in range(candidates)])
        made = generate(gan, own, index, marks, lenders=lenders)
        scores = score(gan, made.samples, index)
        if candidates == count:
            return made, scores
        ratio = Calibration.by_theory(scores).ratio(scores)
        uniforms = numpy_generator(seed, "filter").random(candidates)
        keep, _ = accept(ratio, uniforms, FilterSettings(acceptance=float(self.acceptance)), np.empty(0))
        kept = np.sort(np.argsort(~keep, kind="stable")[:count])  # rejected ones fill up what chance left open
        rows = pd.DataFrame(made.samples).iloc[kept]
        return Generated(rows, *(part[kept] for part in made[1:])), scores[kept]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def _as_frame(X: Any) -> pd.DataFrame:
    """Return rows of any form as a dense data frame with an index of its own."""
    if isinstance(X, pd.DataFrame):
        loose = {name: X[name].sparse.to_dense() for name in X if isinstance(X[name].dtype, pd.SparseDtype)}
        return X.assign(**loose).reset_index(drop=True) if loose else X.reset_index(drop=True)
    frame = pd.DataFrame(X.toarray() if sparse.issparse(X) else X)
    return frame.infer_objects() if frame.dtypes.eq(object).any() else frame


def _like(X: Any, frame: pd.DataFrame) -> Any:
    """Return `frame` in the form of `X`; the caller turns frames and lists into theirs."""
    if isinstance(X, pd.DataFrame):
        return frame
    values = frame.to_numpy(dtype=X.dtype)
    return type(X)(values) if sparse.issparse(X) else values


def _learnable(kind: Kind, column: pd.Series) -> Kind:
    """Return the kind, but of numbers that look like identifiers: a feature that is passed is to be learnt."""
    return "integer" if kind == "identifier" and pd.api.types.is_numeric_dtype(column.dtype) else kind
