"""An over-sampler for tables and images with the interface of imbalanced-learn, built on the GAN."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from imblearn.utils._validation import _check_X
from scipy import sparse
from sklearn.utils import check_random_state, check_X_y
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import validate_data

from gan.filter import FilterSettings, accept
from gan.modalities import Samples
from gan.modalities.images import ImageCodec
from gan.modalities.table import Kind, TableCodec, infer_kinds
from gan.model import GAN, Labelled
from gan.progress import Progress
from gan.relations import find
from gan.sample import Generated, generate
from gan.score import Calibration, score
from gan.seeds import derive, numpy_generator
from gan.training.settings import FAITHFUL_ROWS
from gan.training.train import PretrainSettings, TrainSettings, pretrain, specialise

SEEDS = 2**31 - 1


class GANOverSampler(BaseOverSampler):
    """Over-sample with a conditional GAN that starts from points between neighbours, as SMOTE does, and moves on from there.

    One GAN is trained on all classes; for each class that needs samples it is trained on for `class_steps` steps. Arrays,
    lists, sparse matrices (made dense inside) and data frames go in and come out with their types. Numbers return to
    their grid; categories, missing values and spikes are those of a parent. Images go in and come out as uint8.

    Parameters
    ----------
    sampling_strategy : as in imbalanced-learn, default="auto"
        Exactly the samples that it asks for are made.
    random_state : int, RandomState or None, default=None
        An int makes the result repeat to the byte.
    steps : int, default=300
        Training steps of the GAN of all classes.
    class_steps : int, default=0
        Further steps for each class that gets samples.
    width : int, default=8
        16 times as many units in each hidden layer; channels of the first convolution of images above 12 pixels a side.
    batch_size : int, default=64
        Pairs of a real and a generated sample a step.
    k_neighbors : int, default=5
        Nearest samples of the class, one of which a start leans to.
    acceptance : float, default=1.0
        Share of the candidates that the discriminator keeps by rejection sampling; 1 keeps all.
    kinds : mapping or None, default=None
        Of the columns of a table (`gan.modalities.table.Kind`) by name or, without names, by number; by default inferred, but
        numbers are never taken for identifiers.
    image_shape : (height, width) or (height, width, channels) or None, default=None
        Of images that come flattened, one in a row. Arrays of three or four dimensions are images without being told.
    rehearse : bool, default=False
        Whether to try out beforehand which starts help a forest, on classes cut for the purpose. Takes some seconds; without
        it rows start with a little noise, and images with differences borrowed from majority classes.
    verbose : bool, default=False
        Whether to print how far the training is.

    Attributes
    ----------
    synthetic_index_ : (m,) int
        Which samples of the result are synthetic.
    discriminator_scores_ : (m,) float
        Their raw scores, comparable within a class.
    parents_ : (m, 2) int
        Samples of X that each started between.
    relations_ : list
        What was found to hold between the columns of a data frame, and is kept in the new rows (`gan.relations`).
    gans_ : dict
        The GAN of each class that got samples.

    Notes
    -----
    A class of a single sample has no neighbours; its samples start at that one. Raises ValueError for infinite values.

    Examples
    --------
    >>> import numpy as np
    >>> from gan import GANOverSampler
    >>> X, y = np.random.default_rng(0).normal(size=(50, 2)), np.repeat(["many", "few"], [40, 10])
    >>> X_more, y_more = GANOverSampler(steps=20, random_state=0).fit_resample(X, y)
    >>> X_more.shape, int((y_more == "few").sum())
    ((80, 2), 40)
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
        "image_shape": [tuple, list, None],
        "rehearse": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        random_state: Any = None,
        steps: int = 300,
        class_steps: int = 0,
        width: int = 8,
        batch_size: int = 64,
        k_neighbors: int = 5,
        acceptance: float = 1.0,
        kinds: Mapping[Any, Kind] | None = None,
        image_shape: Sequence[int] | None = None,
        rehearse: bool = False,
        verbose: bool | int = False,
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
        self.image_shape = image_shape
        self.rehearse = rehearse
        self.verbose = verbose

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, np.ndarray, bool]:
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        if np.ndim(X) > 2 and not sparse.issparse(X):
            X, y = check_X_y(X, y, allow_nd=True, dtype=None)
            return X, y, binarize_y
        X = _check_X(X)
        _, y = validate_data(self, X=X, y=y, reset=True, skip_check_array=True)
        return X, np.asarray(y), binarize_y

    def _fit_resample(self, X: Any, y: np.ndarray) -> tuple[Any, np.ndarray]:
        seed = int(check_random_state(self.random_state).randint(SEEDS))
        samples = _as_images(X, self.image_shape) if self._has_images(X) else _as_frame(X)
        classes, labels = np.unique(y, return_inverse=True)
        wanted = {
            int(np.searchsorted(classes, name)): count for name, count in self.sampling_strategy_.items() if count
        }
        self.gans_: dict[Any, GAN] = {}
        made: list[Generated] = []
        scores: list[np.ndarray] = []
        base = self._pretrained(samples, labels, len(classes), seed) if wanted else None
        self.relations_: list[Any] = []
        if base is not None and isinstance(base.codec, TableCodec) and isinstance(X, pd.DataFrame):
            self.relations_ = find(samples, labels, base.codec.columns)
        for index, count in wanted.items():
            assert base is not None
            own = np.flatnonzero(labels == index)
            rows, lenders = _taken(samples, own), (samples, labels)
            gan = base
            if self.class_steps:
                told = self._progress(f"class {classes[index]}")
                gan = specialise(base, rows, index, self._train_settings(base), seed, told, lenders=lenders)
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
        whole = _joined([samples, *(part.samples for part in made)])
        added = [np.full(count, classes[index], y.dtype) for index, count in wanted.items()]
        return _like(X, whole), np.concatenate([y, *added])

    def _has_images(self, X: Any) -> bool:
        return self.image_shape is not None or np.ndim(X) > 2

    def _pretrained(self, samples: Samples, labels: np.ndarray, class_count: int, seed: int) -> GAN:
        images = isinstance(samples, np.ndarray)
        codec = ImageCodec.fit(samples) if isinstance(samples, np.ndarray) else self._codec(samples)
        settings = PretrainSettings(
            steps=self.steps, batch_size=self.batch_size, neighbours=self.k_neighbors,
            starts="auto" if self.rehearse else "borrowed" if images else "spread",
            faithful=PretrainSettings().faithful if images else FAITHFUL_ROWS,
        )  # fmt: skip
        network = "auto" if images else "mlp"
        told = self._progress("all classes")
        return pretrain(samples, labels, class_count, settings, network, self.width, seed, told, codec=codec)

    def _codec(self, frame: pd.DataFrame) -> TableCodec:
        strange = [name for name in self.kinds or {} if name not in frame.columns]
        if strange:
            raise ValueError(
                f"kinds: there is no column {strange[0]!r}; there are {', '.join(map(str, frame.columns))}"
            )
        kinds = {name: _learnable(kind, frame[name]) for name, kind in infer_kinds(frame).items()}
        return TableCodec.fit(frame, kinds | dict(self.kinds or {}))

    def _train_settings(self, base: GAN) -> TrainSettings:
        faithful = TrainSettings().faithful if base.codec.kind == ImageCodec.kind else FAITHFUL_ROWS
        return TrainSettings(steps=self.class_steps, batch_size=self.batch_size, faithful=faithful)

    def _progress(self, what: str) -> Progress | None:
        """Return what prints a line at a time while a GAN trains, nothing unless `verbose`."""

        def told(done: int, total: int, figures: Mapping[str, float]) -> None:
            print(f"[GANOverSampler] {what}: step {done} of {total}")

        return told if self.verbose else None

    def _made(
        self, gan: GAN, own: Samples, index: int, count: int, seed: int, lenders: Labelled
    ) -> tuple[Generated, np.ndarray]:
        """Make `count` rows of a class from its rows `own`, and their scores, (count,)."""
        candidates = int(np.ceil(count / self.acceptance))
        marks = np.array([derive(seed, row) for row in range(candidates)])
        made = generate(gan, own, index, marks, lenders=lenders, relations=self.relations_)
        scores = score(gan, made.samples, index)
        if candidates == count:
            return made, scores
        ratio = Calibration.by_theory(scores).ratio(scores)
        uniforms = numpy_generator(seed, "filter").random(candidates)
        keep, _ = accept(ratio, uniforms, FilterSettings(acceptance=float(self.acceptance)), np.empty(0))
        kept = np.sort(np.argsort(~keep, kind="stable")[:count])  # rejected ones fill up what chance left open
        return Generated(_taken(made.samples, kept), *(part[kept] for part in made[1:])), scores[kept]

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


def _as_images(X: Any, shape: Sequence[int] | None) -> np.ndarray:
    """Return images of any form as (n, h, w, c) uint8."""
    images = np.asarray(X)
    if shape is not None:
        if len(shape) not in (2, 3) or images.ndim != 2 or int(np.prod(shape)) != images.shape[1]:
            raise ValueError(f"image_shape is {tuple(shape)}, which rows of {images.shape[1:]} numbers do not fill")
        images = images.reshape(len(images), *shape)
    images = images[..., None] if images.ndim == 3 else images
    if images.dtype != np.uint8:
        raise ValueError(f"images of {images.dtype}: expected uint8, from 0 to 255")
    return images


def _taken(samples: Samples, index: np.ndarray) -> Samples:
    return samples[index] if isinstance(samples, np.ndarray) else samples.iloc[index]


def _joined(parts: Sequence[Samples]) -> Samples:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return pd.concat(parts, ignore_index=True)


def _like(X: Any, samples: Samples) -> Any:
    """Return `samples` in the form of `X`; the caller turns frames and lists into theirs."""
    if isinstance(samples, np.ndarray):
        return samples.reshape(len(samples), *np.shape(X)[1:])
    frame = samples
    if isinstance(X, pd.DataFrame):
        return frame
    values = frame.to_numpy(dtype=X.dtype)
    return type(X)(values) if sparse.issparse(X) else values


def _learnable(kind: Kind, column: pd.Series) -> Kind:
    """Return the kind, but of numbers that look like identifiers: a feature that is passed is to be learnt."""
    return "integer" if kind == "identifier" and pd.api.types.is_numeric_dtype(column.dtype) else kind
