"""What a user gets who installs the sampler alone."""

import subprocess
import sys
import tomllib

from tests.architecture import ROOT

DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORTED = {"ruamel.yaml": "ruamel", "pillow": "PIL"}  # where a package is imported under another name

WITHOUT = """
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {missing}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
"""


def run_without_pipeline(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that finds none of the packages of the extra `pipeline`."""
    names = [requirement.split(">")[0].split("[")[0] for requirement in DECLARED["optional-dependencies"]["pipeline"]]
    missing = {IMPORTED.get(name, name) for name in names} - {
        "pyarrow",
        "sqlalchemy",
        "cloudpickle",
    }  # pandas and joblib ask for these
    text = WITHOUT.format(missing=missing) + code
    return subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_sampler_needs_none_of_the_pipelines_packages() -> None:
    """It resamples where neither Prefect nor DVC, nor what draws and prints, can be imported."""
    code = """
import numpy as np
from gan import GANOverSampler
x, y = np.random.default_rng(0).normal(size=(60, 3)), np.repeat([0, 1], [45, 15])
print(len(GANOverSampler(steps=5, width=1, random_state=0).fit_resample(x, y)[1]))
"""
    done = run_without_pipeline(code)
    assert done.stdout == "90\n", done.stderr


def test_the_command_says_what_it_needs() -> None:
    """One line and exit code 2."""
    done = run_without_pipeline("import runpy\nrunpy.run_module('pipelines', run_name='__main__')")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "tailweight[pipeline]" in done.stderr, done.stderr
