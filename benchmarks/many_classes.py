"""What a whole run costs with many small classes, beside one with a few.

    python benchmarks/many_classes.py --data DIR --small 3 30

DIR: Fashion-MNIST as class folders, `DIR/train/<class>/*.png`. Each of its ten classes is split in four by the mean value of
its pixels, darkest first: 40 classes. The first part of each has 150 images, the others, `--small` of them, 25 each, of which
`init` takes some for validation and test as ever. Every project is made by `tailweight init --images` and run by
`tailweight run` with nothing set but a `--preset`. The stages that run once a class are added up; they run side by side on the
cores there are.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

PARTS, MANY, FEW, LOOKED_AT = 4, 150, 25, 800
STAGES = ("pretrain", "baseline", "train", "generate", "filter", "evaluate", "report")


def quarters(folder: Path) -> list[list[Path]]:
    """Return the images of a class in four parts by their mean value, as many in each, in the order of their names."""
    found = sorted(folder.glob("*.png"), key=lambda path: int(path.stem))[:LOOKED_AT]
    order = np.argsort([np.asarray(Image.open(path)).mean() for path in found], kind="stable")
    return [[found[row] for row in sorted(part)] for part in np.array_split(order, PARTS)]


def lay_out(data: Path, small: int, target: Path) -> None:
    """Copy the classes of a set with `small` small classes to `target`, as class folders."""
    parts = {folder.name: quarters(folder) for folder in sorted((data / "train").iterdir())}
    wanted = [(name, 0, MANY) for name in parts]
    wanted += [(name, part, FEW) for part in range(1, PARTS) for name in parts][:small]
    for name, part, count in wanted:
        place = target / f"{name} {part}"
        place.mkdir(parents=True)
        for path in parts[name][part][:count]:
            shutil.copy(path, place)


def measured(data: Path, small: int, preset: list[str], folder: Path) -> dict[str, float]:
    """Run a project; return its seconds, those of its processes on a processor, and those of each stage."""
    lay_out(data, small, folder / "images")
    environment = os.environ | {"HOME": str(folder)}
    tailweight = [sys.executable, "-P", "-m", "pipelines"]
    made = [*tailweight, "init", str(folder / "project"), "--images", str(folder / "images"), *preset]
    subprocess.run(made, env=environment, check=True, capture_output=True)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ran = [*tailweight, "-C", str(folder / "project"), "run", "--json"]
    said = json.loads(subprocess.run(ran, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {"wall": time.monotonic() - began}
    found["processor"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    for row in said["ran"]:
        found[row["stage"]] = found.get(row["stage"], 0.0) + row["seconds"]
    return found


def main() -> None:
    """Run each project and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with `train`")
    parser.add_argument("--small", type=int, nargs="+", default=[3, 30], help="how many small classes (default: 3 30)")
    parser.add_argument("--preset", help="of `tailweight init`, say fast (default: none)")
    given = parser.parse_args()
    preset = ["--preset", given.preset] if given.preset else []
    print(f"# Many small classes\n\n{platform.machine()}, {os.cpu_count()} cores, seconds.\n")
    print(
        f"| small classes | whole run | on a processor | {' | '.join(STAGES)} |\n|{'---|' * (3 + len(STAGES))}",
        flush=True,
    )
    for small in given.small:
        with tempfile.TemporaryDirectory() as folder:
            found = measured(given.data, small, preset, Path(folder))
        cells = [found["wall"], found["processor"], *(found.get(stage, 0.0) for stage in STAGES)]
        print(f"| {small} | {' | '.join(f'{seconds:.0f}' for seconds in cells)} |", flush=True)


if __name__ == "__main__":
    main()
