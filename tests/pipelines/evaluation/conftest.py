"""Fits in this process are to round like those in processes of their own, whatever was trained here before."""

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def denormals() -> None:
    """A network that another test has trained leaves denormal numbers flushed to zero."""
    torch.set_flush_denormal(False)
