"""What starting costs: a stage's own process or a fork, and the flow beside the plain stages.

    python benchmarks/overhead.py

The project is that of scikit-learn's digits, four classes cut to ten samples, `--preset fast`.

- flow: all stages of a fresh project by `tailweight run --workers 1`, and of another by `dvc repro`, one after the other too.
- stage: a stage's command as DVC calls it, by itself and as a fork, and the stage done once more in a process that has just
  done it: without Python, imports and whatever else is needed only once. In a per-class stage the first class.

Processor time is that of the processes and of all that they start, so that other work on the machine counts little. That of a
fork is its server's, so a fork is timed on the clock alone.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from throughput import processor

from pipelines.driver import dag, one_stage
from pipelines.driver.fork_server import PLACE, ForkServer
from pipelines.plan import Plan
from pipelines.stages import digits

STAGES = ("prepare", "plan", "upscale", "pretrain", "train", "generate", "filter", "release", "report")


def spent(who: int) -> float:
    """Return the processor seconds so far of this process, or of those that it has started and that have ended."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def timed(*command: str, cwd: Path, **environment: str) -> tuple[float, float]:
    """Run a command with more in its environment; return the seconds on the clock and of the processor."""
    before, began = spent(resource.RUSAGE_CHILDREN), time.monotonic()
    env = os.environ | environment
    subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began, spent(resource.RUSAGE_CHILDREN) - before


def start(folder: Path, images: Path) -> Path:
    """Return a fresh project."""
    command = [sys.executable, "-m", "pipelines", "init", str(folder), "--images", str(images), "--preset", "fast"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def again(project: Path, name: str, slug: str | None) -> float:
    """Return the seconds on the clock of a stage in a process that has just done it."""
    one_stage.run_stage(project, name, slug)
    began = time.monotonic()
    one_stage.run_stage(project, name, slug)
    return time.monotonic() - began


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", nargs="+", metavar=("PROJECT", "STAGE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.again:
        project, name, *slugs = given.again
        print(again(Path(project), name, slugs[0] if slugs else None))
        return
    command = [sys.executable, "-m", "pipelines"]
    print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}.\n")
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        digits.run(raw=images, settings=digits.Settings(), seed=0, progress=lambda *_: None)
        first, second = (start(Path(folder) / name, images) for name in ("first", "second"))
        flow = timed(*command, "run", "--workers", "1", cwd=first)
        parts = [timed("dvc", "repro", *target, cwd=second) for target in (["plan"], [])]
        plain = tuple(map(sum, zip(*parts, strict=True)))
        print("| all stages, one after the other | s on the clock | processor s |\n|---|---|---|")
        print(f"| tailweight run | {flow[0]:.0f} | {flow[1]:.0f} |\n| dvc repro | {plain[0]:.0f} | {plain[1]:.0f} |")
        print("\n| stage | by itself, s | as a fork, s | once more, s |\n|---|---|---|---|")
        slug = next(iter(Plan.load(first / dag.PLAN).classes))
        server = ForkServer()
        server.begin()
        while not Path(server.environment[PLACE]).exists():  # it is still loading
            time.sleep(0.1)
        for name in STAGES:
            own = [slug] if dag.stage_named(name).per_class else []
            alone = timed(*command, "stage", name, *own, cwd=first)[0]
            forked = timed(*command, "stage", name, *own, cwd=first, **server.environment)[0]
            repeated = [sys.executable, __file__, "--again", str(first), name, *own]
            done = subprocess.run(repeated, capture_output=True, text=True, check=True)
            print(f"| {name} | {alone:.1f} | {forked:.1f} | {float(done.stdout.split()[-1]):.1f} |")
        server.end()


if __name__ == "__main__":
    main()
