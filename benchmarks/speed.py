"""What is done for many samples at once, beside the plain way to do it.

    python benchmarks/speed.py

- network: rows through a generator and through a discriminator, in blocks of one shape as `gan.blocks` sends them, beside one
  after the other. The bytes of a row are the same wherever it stands among any number of others, either way.
- nearest: the nearest training sample of each candidate, as the search for copies finds it, beside all distances by SciPy.
  The plain way is timed on a part of the candidates (`--part`), since its time grows as their number.
- memory: what a process takes at most to make candidates, and one to filter them with critics, for several numbers of them.

Times are processor times of one thread, so that other work on the machine counts little, the least of three.
"""

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits

from gan import checkpoint
from gan.blocks import BLOCK, blockwise
from gan.device import prepare_device
from gan.modalities import CODECS
from gan.networks import FAMILIES, Sizes
from gan.networks.parts import build
from gan.seeds import torch_generator
from gan.training.settings import PretrainSettings, TrainSettings
from gan.training.train import pretrain, specialise
from pipelines.likeness import distance
from pipelines.likeness.data import Data
from pipelines.plan import ClassPlan
from pipelines.samples import Samples
from pipelines.stages import filter as filtering
from pipelines.stages import generate

ROUNDS = 3
NETWORKS = (("mlp", 20, 1), ("mlp", 1, 8), ("dcgan", 1, 28), ("resnet", 3, 32))  # family, channels or columns, size


def least(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least processor seconds of some rounds."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return min(taken)


def networks() -> list[str]:
    """Return table rows: microseconds a row, one after the other and in blocks."""
    rows = []
    for family, channels, size in NETWORKS:
        sizes = Sizes(channels=channels, size=size, classes=5, width=16, noise_dim=32)
        rng = torch_generator(0, "speed")
        x, noise = torch.rand((BLOCK, channels, size, size), generator=rng), torch.randn((BLOCK, 32), generator=rng)
        labels = torch.zeros(BLOCK, dtype=torch.int64)
        for part, given in (("generator", (x, noise, labels)), ("discriminator", (x, labels))):
            network = build(getattr(FAMILIES[family], part), sizes, torch_generator(0, part)).eval()
            with torch.inference_mode():
                one = least(lambda: [blockwise(network, given, 1)]) / BLOCK  # noqa: B023  (called at once)
                many = least(lambda: [blockwise(network, given)]) / BLOCK  # noqa: B023
            kind = f"{channels} columns" if size == 1 else f"{size}x{size}x{channels}"
            rows.append(f"| {family} {part} | {kind} | {1e6 * one:.0f} | {1e6 * many:.0f} | {one / many:.0f} |")
    return rows


def searches(count: int, part: int) -> list[str]:
    """Return table rows: seconds to find the nearest of `count` training samples for as many candidates."""
    rows, rng = [], np.random.default_rng(0)
    for kind, shape, metric in (
        ("images", (8, 8, 1), "euclidean"),
        ("images", (28, 28, 1), "euclidean"),
        ("table", None, "cityblock"),
    ):
        width = int(np.prod(shape)) if shape else 20
        real, asked = (rng.random((count, width), dtype=np.float32) for _ in range(2))
        space = distance.spaces(Data(real, np.zeros(count, int), shape, kind=kind))[0]
        few = asked[:part].astype(float)
        plain = least(lambda: cdist(few, real.astype(float), metric).argmin(1), 1) * count / part  # noqa: B023
        ours = least(lambda: distance.nearest(space, asked, real), 1)  # noqa: B023
        shown = "x".join(map(str, shape)) if shape else f"{width} columns"
        rows.append(f"| {kind}, {space.name} | {shown} | {plain:.0f} | {ours:.0f} | {plain / ours:.1f} |")
    return rows


def memory(counts: list[int]) -> list[str]:
    """Return table rows: the most memory of a process that makes so many candidates of digits, and their bytes on disk."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        learn(Path(folder))
        for count in counts:
            told = []
            for work in ("--make", "--filter"):
                command = [sys.executable, __file__, work, str(count), "--folder", folder]
                told += subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-2:]
            size = (Path(folder) / "made.parquet").stat().st_size / 1e6
            rows.append(f"| {count:,} | {' | '.join(f'{float(one):.0f}' for one in told)} | {size:.0f} |")
    return rows


def learn(folder: Path) -> None:
    """Write training samples, digits of which one class has ten, and a generator."""
    digits = load_digits()
    x, y = (digits.images * 15.9).astype(np.uint8)[..., None], digits.target.astype(np.int64)
    keep = (y != 3) | (np.cumsum(y == 3) <= 10)
    real = Samples(x[keep], y[keep], np.array([f"digit-{row}" for row in np.flatnonzero(keep)]))
    real.save(folder / "train.parquet")
    real.take(np.flatnonzero(real.labels == 3)[:2]).save(folder / "validation.parquet")
    settings = PretrainSettings(steps=1, starts="neighbours")
    gan = pretrain(
        real.values, real.labels, 10, settings, settings.network, settings.width, 0, codec=CODECS["images"].fit(x)
    )
    own = specialise(gan, real.of_class(3).values, 3, TrainSettings(steps=1), 0)
    checkpoint.save(own, folder / "model.safetensors")


def make(count: int, folder: Path) -> None:
    """Make candidates in this process."""
    generate.run(
        **paths(folder, "train", "model"),
        candidates=folder / "made.parquet",
        upscaler=folder,
        manifest=folder,
        relations=folder / "kept.json",
        settings=generate.Settings(candidates_per_sample=1),
        **told(count),
    )


def choose(count: int, folder: Path) -> None:
    """Filter them, with critics."""
    filtering.run(
        **paths(folder, "train", "validation", "model"),
        candidates=folder / "made.parquet",
        synthetic=folder / "filtered.parquet",
        summary=folder / "filtered.json",
        settings=filtering.Settings(),
        **told(count),
    )


def paths(folder: Path, *names: str) -> dict[str, Any]:
    """Return what `learn` wrote."""
    return {name: folder / f"{name}.{'safetensors' if name == 'model' else 'parquet'}" for name in names}


def told(count: int) -> dict[str, Any]:
    """Return what both stages are told beside their files."""
    task = ClassPlan(label="3", index=3, train_samples=10, target=count + 10, needed=count)
    return {"factor": 1, "seed": 0, "task": task, "progress": lambda *_: None}


def main() -> None:
    """Measure everything and print it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50_000, help="samples on each side of the search (default: 50000)")
    parser.add_argument(
        "--part", type=int, default=1_000, help="candidates that the plain search is timed on (default: 1000)"
    )
    parser.add_argument(
        "--counts",
        type=int,
        nargs="+",
        default=[10_000, 100_000, 1_000_000],
        help="candidates whose memory is looked at",
    )
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--filter", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    prepare_device()
    if given.make or given.filter:
        began = time.process_time()
        make(given.make, given.folder) if given.make else choose(given.filter, given.folder)
        print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    print(
        f"# Many at once\n\n    python benchmarks/speed.py\n\n{platform.processor() or platform.machine()}, one thread.\n"
    )
    print("| network | samples | one at a time, us each | in blocks, us each | times |\n|---|---|---|---|---|")
    print("\n".join(networks()))
    print(
        f"\n| nearest of {given.count:,} for {given.count:,} | samples | plain, s | ours, s | times |\n|---|---|---|---|---|"
    )
    print("\n".join(searches(given.count, given.part)))
    print("\n| candidates of 8x8 pixels | made, s | most memory, MB | filtered, s | most memory, MB | on disk, MB |")
    print("|---|---|---|---|---|---|")
    print("\n".join(memory(given.counts)))


if __name__ == "__main__":
    main()
