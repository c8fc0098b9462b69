"""Numbers go back onto the grids of their column."""

import numpy as np
import pandas as pd
import pytest
import torch

from gan.columns.numbers import NumberColumn
from gan.modalities.layout import Layout


def snapped(column: NumberColumn, numbers: np.ndarray) -> np.ndarray:
    return Layout.of((column,))._snap(torch.from_numpy(numbers)[:, None]).numpy()[:, 0]


def test_a_column_that_is_whole_but_for_a_few_rows_stays_so() -> None:
    """As many numbers get decimals as have them in the data, not nine of ten; real values stay, and so does what is snapped."""
    rng = np.random.default_rng(0)
    values = np.round(rng.gamma(2, 300, 4000))
    values[:40] += 0.1 * rng.integers(1, 10, 40)
    column = NumberColumn.fit("dose", "numeric", pd.Series(values))
    assert column.usual == 1 and column.off == pytest.approx(0.01)
    made = snapped(column, rng.gamma(2, 300, 20000))
    assert 0.005 < np.mean(made % 1 != 0) < 0.02
    assert np.allclose(snapped(column, values), values) and np.allclose(snapped(column, made), made)


def test_a_column_of_even_decimals_has_one_grid() -> None:
    """Prices in cents are not pulled to whole ones, since more than a tenth are not whole."""
    values = np.round(np.random.default_rng(0).gamma(2, 30, 1000), 2)
    column = NumberColumn.fit("price", "numeric", pd.Series(values))
    assert column.usual == 0 and np.allclose(snapped(column, values), values)
