"""The map of the house in `docs/architecture.md`, made from the first sentence of every module.

python -m tests.architecture     writes the map anew
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- map: python -m tests.architecture -->\n", "<!-- end of map -->\n"
WINGS = ("gan", "pipelines", "examples", "benchmarks")


def source_map() -> str:
    """Return one line for every module of ours: its path and the first sentence of its docstring."""
    folders: dict[str, list[str]] = {}
    for path in sorted(path for wing in WINGS for path in (ROOT / wing).rglob("*.py")):
        folder, name = path.parent.relative_to(ROOT).as_posix(), path.name
        lines = folders.setdefault(folder, [])
        if name == "__init__.py":
            lines.insert(0, f"\n**{folder}/**: {first_sentence(path)}\n")
        else:
            lines.append(f"- `{name}`: {first_sentence(path)}")
    parts = [
        lines if lines[0].startswith("\n") else [f"\n**{folder}/**\n", *lines] for folder, lines in folders.items()
    ]
    return "\n".join("\n".join(lines) for lines in parts) + "\n\n"


def first_sentence(path: Path) -> str:
    """Return the first sentence of a module's docstring, on one line."""
    said = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split())
    assert said, f"{path} has no docstring"
    end = re.search(r"(?<!et al)\. ", said)
    return said if end is None else said[: end.start() + 1]


def rendered(text: str) -> str:
    """Return the text of the document with the map of today."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + source_map() + END + rest.split(END)[1]


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
