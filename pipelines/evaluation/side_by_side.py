"""Calls side by side, in processes of their own where they take longer than processes take to come up."""

import math
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any

import joblib

BEGIN_SECONDS = 3.0  # that a process takes to load what a call needs


def results(
    function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], workers: int, seconds: float = math.nan
) -> Generator[Any]:
    """Yield what `function` returns for each of `arguments`, in order, as it comes.

    workers: how many processes there may be.   seconds: that a call takes at least; NaN where only the first one shows it.
    It must not matter to the results which calls are made here: `function` sees to it.
    """
    left = deque(arguments)
    while left and (workers == 1 or len(left) == 1 or not seconds * len(left) >= BEGIN_SECONDS):
        started = time.monotonic()
        result = function(*left.popleft())
        seconds = max(time.monotonic() - started, seconds)  # in this order: nothing is larger than NaN
        yield result
    if left:
        with joblib.parallel_config("loky", n_jobs=workers, inner_max_num_threads=1), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "A worker stopped")  # loky replaces a process that has grown large
            yield from joblib.Parallel(return_as="generator")(joblib.delayed(function)(*one) for one in left)
