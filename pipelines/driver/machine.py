"""What the stages of a run take of this machine: its Python, threads, kernels, cores."""

import os
import sys
from pathlib import Path

PYTHON = (sys.executable, "-P", "-m")  # runs a module; -P: none of that name in the folder that one stands in
MAX_WORKERS = 8
CORES = "TAILWEIGHT_CORES"  # how many processor cores a stage may use; the flow divides them among stages side by side
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

COMMON_KERNELS = {
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}


def limit_threads() -> None:
    """Keep every numeric library of this process to one thread.

    Two threads on a busy machine of two cores ran 10 times slower than one, and sums split among threads round differently
    for different numbers of cores. Work is spread over processes instead. Must come before NumPy is loaded.
    """
    os.environ |= dict.fromkeys(THREAD_LIMITS, "1")


def same_kernels() -> None:
    """Let every numeric library take the kernels that any x86-64 machine with AVX2 has, so that all of them round alike.

    A wider machine would sum in another order, and a figure that lies on the edge of its last digit would differ. Must come
    before NumPy is loaded.
    """
    os.environ |= kernels()


def kernels() -> dict[str, str]:
    """Return the variables that ask for those kernels, none on a machine without AVX2."""
    described = Path("/proc/cpuinfo")
    return COMMON_KERNELS if described.is_file() and " avx2 " in described.read_text(errors="replace") else {}


def numerics() -> dict[str, str]:
    """Return what `limit_threads` and `same_kernels` set, for a process that is to begin with it."""
    return dict.fromkeys(THREAD_LIMITS, "1") | kernels()


def cores() -> int:
    """Return how many cores this process may use: its share where a parent divided them, else all it is allowed."""
    given = os.environ.get(CORES, "")
    return max(int(given), 1) if given.isdigit() else len(os.sched_getaffinity(0))


def default_workers() -> int:
    """Return how many stages run side by side unless told: one a core."""
    return min(cores(), MAX_WORKERS)
