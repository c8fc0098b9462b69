"""Nothing draws from a global generator, and what says so can tell."""

from pathlib import Path

import pytest

from tests.architecture import ROOT
from tests.randomness import draws_from_global

OTHERS = {"benchmarks/ctgan_opponent.py"}  # CTGAN listens to the global generators alone
MODULES = sorted(
    path
    for folder in ("gan", "pipelines", "examples", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if path.relative_to(ROOT).as_posix() not in OTHERS
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_draws_from_global_randomness(path: Path) -> None:
    """No module seeds or draws from a global generator, and none seeds from `hash`."""
    assert not draws_from_global(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nnp.random.seed(0)",
        "import numpy as np\nnp.random.choice(3)",
        "import numpy\nnumpy.random.rand(3)",
        "from numpy import random\nrandom.permutation(3)",
        "from numpy.random import shuffle\nshuffle([1])",
        "import numpy as np\nrng = np.random.default_rng()",
        "import random\nrandom.random()",
        "from random import shuffle as mix\nmix([1])",
        "import torch\ntorch.randint(3, (2,))",
        "import torch\ntorch.rand(2).to('cpu')",
        "import torch as t\nt.randperm(4)",
        "from torch import normal\nnormal(0, 1, (2,))",
        "import torch\ntorch.empty(2).uniform_(0, 1)",
        "from torch import nn\nnn.init.kaiming_normal_(w)",
        "import torch\ntorch.manual_seed(0)",
        "seed = hash('class')",
    ],
)
def test_a_global_draw_is_found(code: str) -> None:
    """Whatever way the function was imported."""
    assert len(draws_from_global(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nrng = np.random.default_rng(0)\nrng.choice(3)",
        "import numpy as np\nnp.random.Generator(np.random.PCG64(1))",
        "import torch\ntorch.randint(3, (2,), generator=g)",
        "import torch\ntorch.empty(2).normal_(generator=g)",
        "import torch\nwith torch.random.fork_rng(devices=[]):\n    torch.manual_seed(0)\n    torch.rand(2)",
        "import torch\ng = torch.Generator().manual_seed(0)",
        "digest = code_hash(stage)\nself.hash(1)",
        "rng.random(3)\nrng.normal(0, 1)",
    ],
)
def test_a_draw_from_a_generator_of_its_own_is_not(code: str) -> None:
    """Generators that are handed in, or seeded on the spot, are what is wanted."""
    assert draws_from_global(code) == []
