"""What the README says can be typed as it stands."""

import re
import shlex
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

from pipelines.__main__ import _parsed
from tests.architecture import ROOT
from tests.conftest import run

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_python_of_the_readme_runs() -> None:
    """Both classes have the same number of rows afterwards."""
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(code.replace("GANOverSampler(", "GANOverSampler(steps=5, "), names)
    assert np.ptp(np.bincount(np.asarray(names["y_more"]))) == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link to a file of the repository names one that is there."""
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_of_the_documents_exist(document: Path) -> None:
    """Every call of `tailweight` in a block is taken by the parser, every target of make is in the Makefile."""
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for line in "".join(blocks("sh", document.read_text(encoding="utf-8"))).splitlines():
        words = list(takewhile(lambda word: word not in (">", ">>", "|", "&&"), shlex.split(line, comments=True)))
        if words[:1] == ["tailweight"]:
            _parsed(words[1:])
        elif words[:1] == ["make"]:
            assert words[1] in targets


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shoes", "bank"])
def test_own_data_as_the_readme_says(name: str, tmp_path: Path) -> None:
    """The block is copied into a shell: it ends with an export that has a data card."""
    (block,) = [block for block in blocks("sh") if f"tailweight init {name}" in block]
    digits, cancer = load_digits(), load_breast_cancer(as_frame=True)
    for label, count in ((0, 60), (1, 60), (2, 15)):
        folder = tmp_path / "pictures/shoes" / f"kind {label}"
        folder.mkdir(parents=True)
        for number, image in enumerate(digits.images[digits.target == label][:count]):
            Image.fromarray((image * 15).astype(np.uint8)).save(folder / f"{number}.png")
    fraud = cancer.frame.rename(columns={"target": "fraud"})
    fraud.groupby("fraud").head(120).iloc[:, -8:].to_csv(tmp_path / "bank.csv", index=False)
    run("bash", "-ec", block, cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert (tmp_path / f"{name}-grown/README.md").exists()
