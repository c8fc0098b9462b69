"""How long the page of `tailweight review` takes to answer a key, in a class of 10,000 samples.

    python benchmarks/review_keys.py --samples 10000 --keys 100

A project of random pictures, 64x64 in three channels, is served by the command itself and reviewed in a headless Chromium.
A key is answered once what it leads to can be seen: from the browser's time stamp of the key to the first frame after the
other sample, or the other list, is in the page. Each key is pressed as soon as the one before it is answered, which is faster
than anybody looks at pictures. What is jumped to lies at random places, so that nothing of it is loaded ahead.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

from pipelines.driver import params
from pipelines.plan import ClassPlan, Plan
from pipelines.samples import KEPT, Candidates, Samples

SIZE, REALS, HELD_OUT, SLUG = 64, 200, 100, "rare"
SANDBOX = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")

WATCH = """() => {
  let pressed = 0;
  window.answers = [];
  document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  const answered = () => requestAnimationFrame(() => {
    if (pressed) window.answers.push(performance.now() - pressed);
    pressed = 0;
  });
  const watch = (node, what) => new MutationObserver(answered).observe(node, what);
  watch(document.getElementById("card"), { childList: true });
}"""


def write_project(folder: Path, samples: int) -> None:
    """Write a project whose class has been filtered."""
    rng = np.random.default_rng(0)

    def pictures(count: int) -> np.ndarray:
        coarse = rng.integers(0, 256, (count, 8, 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
        return np.clip(coarse + rng.integers(-20, 20, coarse.shape), 0, 255).astype(np.uint8)

    def real(count: int, name: str) -> Samples:
        return Samples(pictures(count), np.zeros(count, np.int64), np.array([f"{name}{n}" for n in range(count)]))

    for part in ("prepared", "synthetic"):
        (folder / "data" / part).mkdir(parents=True)
    real(REALS, "t").save(folder / "data/prepared/train.parquet")
    real(HELD_OUT, "v").save(folder / "data/prepared/validation.parquet")
    rows = pd.DataFrame({"id": [f"{SLUG}-{n:06d}" for n in range(samples)], "class": SLUG, "status": KEPT})
    rows = rows.assign(reference_id=[f"t{n % REALS}" for n in range(samples)], score=rng.random(samples))
    Candidates(pictures(samples), rows).save(folder / f"data/synthetic/{SLUG}.parquet")
    task = ClassPlan(label=SLUG, index=0, train_samples=REALS, target=samples, needed=samples)
    Plan(classes={SLUG: task}).save(folder / "data/plan.yaml")
    (folder / "params.yaml").write_text(params.render(demo=False, values={}))


def press(page: Any, *keys: str) -> float:
    """Press keys and return the milliseconds from the last of them to its answer."""
    before = page.evaluate("window.answers.length")
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function("before => window.answers.length > before", arg=before, polling=5)
    return float(page.evaluate("window.answers.at(-1)"))


def measure(page: Any, samples: int, count: int) -> dict[str, list[float]]:
    """Return the milliseconds of each key."""
    rng = np.random.default_rng(1)
    found: dict[str, list[float]] = {}
    for key in ("k", "r", "n", "p", "u"):
        found[key] = [press(page, key) for _ in range(count)]
    found["g, a number, Enter"] = []
    for place in rng.integers(1, samples, count):
        page.keyboard.press("g")
        found["g, a number, Enter"].append(press(page, "Control+a", *str(place), "Enter"))
    found["f, a score, Enter"] = []
    for score in rng.random(count // 5):
        page.keyboard.press("f")
        page.keyboard.press("Control+a")
        found["f, a score, Enter"].append(press(page, *f"{score / 2:.3f}", "Enter"))
    return found


def main() -> None:
    """Print a table of the times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--keys", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_project(Path(folder), options.samples)
        command = [sys.executable, "-m", "pipelines", "-C", folder, "review", "--no-browser"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            address = next(told[0] for line in server.stdout if (told := re.search(r"http://\S+", line)))
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(SANDBOX))
            page = browser.new_page()
            page.goto(address)
            page.wait_for_selector("body[data-shown]")
            page.evaluate(WATCH)
            print("| key | median, ms | 95 in 100, ms | longest, ms |\n|---|---|---|---|")
            for key, times in measure(page, options.samples, options.keys).items():
                figures = " | ".join(f"{time:.0f}" for time in (*np.quantile(times, [0.5, 0.95]), max(times)))
                print(f"| {key} | {figures} |")
            browser.close()
            server.terminate()


if __name__ == "__main__":
    main()
