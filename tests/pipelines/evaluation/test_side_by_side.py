"""Calls are made here while that is quicker than to start processes, and come back in order either way."""

import math
import os
import time

import pytest

from pipelines.evaluation.side_by_side import BEGIN_SECONDS, results


def squared(number: int, seconds: float = 0.0) -> tuple[int, int]:
    """Return the square, and in which process it was found."""
    time.sleep(seconds)
    return number**2, os.getpid()


@pytest.mark.parametrize(
    ("workers", "seconds", "here"),
    [(2, math.nan, 5), (2, 0.01, 5), (1, math.inf, 5), (2, BEGIN_SECONDS / 4, 0), (2, math.inf, 0)],
)
def test_processes_are_started_for_what_takes_longer(workers: int, seconds: float, here: int) -> None:
    """seconds: what a call is said to take; one whose time is not known is made here first."""
    found = list(results(squared, [(number,) for number in range(5)], workers, seconds))
    assert [value for value, _ in found] == [0, 1, 4, 9, 16]
    assert sum(process == os.getpid() for _, process in found) == here


def test_a_first_call_that_takes_long_is_the_only_one_made_here() -> None:
    """What it took stands for all that are left."""
    found = list(results(squared, [(1, BEGIN_SECONDS / 2), (2,), (3,)], 2))
    assert [process == os.getpid() for _, process in found] == [True, False, False]
    assert list(results(squared, [], 2)) == []
