"""`tailweight review` as a user meets it, and what becomes of its decisions."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pandas as pd

from pipelines import files
from pipelines.commands.review import begin
from pipelines.driver import dag, dvc
from pipelines.plan import slug
from pipelines.samples import KEPT
from pipelines.samples.decisions import REJECTED, read
from pipelines.stages import release
from tests.conftest import BIN, called, run
from tests.pipelines.review.world import SLUG, write_project
from tests.pipelines.test_project import clone

TAIL = slug("tail")


def test_before_the_first_filter_there_is_one_line(tmp_path: Path) -> None:
    """It says what is missing and what to type."""
    project = write_project(tmp_path / "project")
    shutil.rmtree(project / "data/synthetic")
    said = called("review", "--no-browser", cwd=project, code=2)
    assert "data/synthetic: nothing has been filtered yet; run: tailweight run filter" in said
    assert len(said.splitlines()) == 1


def test_a_review_ends_with_ctrl_c_and_its_counts(tmp_path: Path) -> None:
    """The printed address works, what is decided is in the file, and the end says what to type next."""
    project = write_project(tmp_path / "project")
    command = [BIN / "tailweight", "-C", project, "review", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+", line)))
        origin = address.split("/?")[0]
        with httpx.Client(headers={"Origin": origin}, follow_redirects=True) as client:
            assert client.get(address).url == f"{origin}/{SLUG}/"
            first = begin(project).classes[SLUG].queue["real"].to_numpy().argmin()
            client.post(f"{origin}/{SLUG}/decide", json={"number": int(first), "decision": "reject"})
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate()
    assert (process.returncode, wrong) == (0, "")
    assert "0 kept, 1 rejected, 39 undecided" in said
    assert "leave out what was rejected: tailweight run" in said
    assert [(line.decision, line.label) for line in read(project / dag.REVIEW)] == [("reject", "it's <b>rare</b>")]


def test_what_is_rejected_is_not_released(finished: Path, tmp_path: Path) -> None:
    """A decision makes the filter stale, the next run drops the sample, and a release of its class lacks it."""
    other = clone(finished, tmp_path / "other")
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    session = begin(other)
    one = session.classes[TAIL]
    synthetic = np.flatnonzero(~one.queue["real"])[:3].tolist()
    session.decide(TAIL, synthetic, "reject")
    assert {name.split("@")[0] for name in dvc.status(other)} == {"filter"}
    run("tailweight", "run", "filter", cwd=other)
    rows = pd.read_parquet(other / f"data/synthetic/{TAIL}.parquet").set_index("id")
    rejected = [one.keys[number][0] for number in synthetic]
    assert rows.index[rows["status"] == REJECTED].tolist() == sorted(rejected)
    summary = files.read_json(other / f"data/synthetic/{TAIL}.json")
    assert summary["review"]["rejected"] == 3
    assert summary["kept"] == (rows["status"] == KEPT).sum() == len(one.made) - 3
    assert begin(other).decided(TAIL).tolist() == session.decided(TAIL).tolist()
    assert not set(rejected) & released(other, tmp_path / "release")
    assert set(rejected) <= released(finished, tmp_path / "before")


def released(project: Path, folder: Path) -> set[str]:
    """Return the ids of a release that ships every class at a dose that takes all kept samples."""
    metrics = files.read_json(project / "data/evaluation/metrics.json")
    for entry in metrics["classes"].values():
        entry["verdict"] = "ship"
    files.write_json(folder / "evaluation/metrics.json", metrics | {"way": {**metrics["way"], "dose": 100}})
    reads = {name: project / path for name, path in dag.stage_named("release").reads.items()}
    release.run(
        **reads | {"evaluation": folder / "evaluation"}, release=folder / "made", seed=0, progress=lambda *_: None
    )
    return set(pd.read_csv(folder / "made/manifest.csv")["id"])
