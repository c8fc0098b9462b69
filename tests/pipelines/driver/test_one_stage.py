"""Running one stage in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.driver import machine


def test_kernels_and_threads_are_set_before_numpy_is_loaded() -> None:
    """A library that is loaded already would have chosen its kernels."""
    code = "import sys; from pipelines.driver import one_stage; print('numpy' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.skipif(" avx2 " not in Path("/proc/cpuinfo").read_text(), reason="this processor has no AVX2")
def test_every_processor_with_avx2_takes_the_same_kernels() -> None:
    """Torch and OpenBLAS say themselves which kernels they run."""
    code = (
        "from pipelines.driver import machine; machine.same_kernels(); import numpy, torch, threadpoolctl;"
        "print(torch.backends.cpu.get_cpu_capability(),"
        "*{p['architecture'] for p in threadpoolctl.threadpool_info() if p['internal_api'] == 'openblas'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["AVX2", "Haswell"] and machine.COMMON_KERNELS
