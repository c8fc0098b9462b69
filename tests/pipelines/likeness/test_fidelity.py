"""Fidelity, authenticity and the copying statistic equal slow twins and closed forms."""

import numpy as np
import pytest

from pipelines.likeness import fidelity
from pipelines.likeness.distance import euclidean

PLAIN = euclidean("plain", lambda x: x)


def slow(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    """The definitions, word for word, in loops."""

    def radius(x: np.ndarray, i: int) -> float:
        return sorted(float(np.linalg.norm(x[i] - x[j])) for j in range(len(x)) if j != i)[k - 1]

    inside = [[np.linalg.norm(r - f) < radius(real, i) for f in fake] for i, r in enumerate(real)]
    covered = [[np.linalg.norm(r - f) < radius(fake, j) for j, f in enumerate(fake)] for r in real]
    return {
        "precision": float(np.mean([any(row[j] for row in inside) for j in range(len(fake))])),
        "recall": float(np.mean([any(row) for row in covered])),
        "density": sum(map(sum, inside)) / (k * len(fake)),
        "coverage": float(np.mean([any(row) for row in inside])),
    }


@pytest.mark.parametrize(("n", "m", "k"), [(12, 9, 3), (7, 20, 5), (6, 6, 1)])
def test_fidelity_is_its_definition(n: int, m: int, k: int) -> None:
    """Against loops."""
    rng = np.random.default_rng(n)
    real, fake = rng.normal(0, 1, (n, 3)), rng.normal(0.5, 1, (m, 3))
    assert fidelity.fidelity(real, fake, PLAIN, k) == pytest.approx(slow(real, fake, k))


def test_density_and_coverage_of_one_law_have_their_expected_values() -> None:
    """Density 1; coverage 1 - (n-1)..(n-k) / ((2n-1)..(2n-k)) (Naeem et al. 2020, appendix)."""
    n, k = 60, 5
    rng = np.random.default_rng(0)
    found = [fidelity.fidelity(*rng.normal(0, 1, (2, n, 4)), PLAIN, k) for _ in range(60)]
    steps = np.arange(1, k + 1)
    assert np.mean([f["coverage"] for f in found]) == pytest.approx(
        1 - np.prod((n - steps) / (2 * n - steps)), abs=0.01
    )
    assert np.mean([f["density"] for f in found]) == pytest.approx(1, abs=0.05)


def test_too_few_rows_have_no_fidelity() -> None:
    """One row has no neighbour."""
    assert np.isnan(fidelity.fidelity(np.zeros((1, 2)), np.ones((5, 2)), PLAIN)["density"])


def test_authenticity_by_hand() -> None:
    """Training rows 0, 1 and 5: 0.4 is closer to 0 than 1 is, -3 is farther from 0 than 1 is, and 4.9 is closer to 5 than 1."""
    train, fake = np.array([[0.0], [1.0], [5.0]]), np.array([[0.4], [-3.0], [4.9]])
    assert fidelity.authenticity(fake, train, PLAIN) == pytest.approx(1 / 3)
    assert fidelity.authenticity(train, train, PLAIN) == 0


def test_the_copying_statistic_is_the_z_score_of_mann_whitney() -> None:
    """By hand: 2 fakes nearer than each of 3 held-out rows: U = 0, z = (0 - 3) / sqrt(2 x 3 x 6 / 12)."""
    train, fake, held_out = np.array([[0.0]]), np.array([[0.1], [0.2]]), np.array([[1.0], [2.0], [3.0]])
    assert fidelity.copying(fake, held_out, train, PLAIN) == pytest.approx(-3 / np.sqrt(3))
    assert fidelity.copying(held_out, fake, train, PLAIN) == pytest.approx(3 / np.sqrt(3))
    assert np.isnan(fidelity.copying(fake[:0], held_out, train, PLAIN))
