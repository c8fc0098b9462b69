"""Work on other machines: what is sent and said, and on real clusters the bytes of a run without them."""

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
import pytest

from gan.progress import Progress
from pipelines import files
from pipelines.driver import compute, params, progress
from pipelines.driver.compute import Call
from pipelines.plan import slug
from tests import processes
from tests.conftest import BIN, QUICK, begun_clone, environment, one_line, run, working_clone

WORKER = "distributed.cli.dask_worker"


class Here:
    """An engine of this very process."""

    workers = 2

    def results(self, calls: Sequence[Call], progress: Progress = compute.unheard) -> Iterator[Any]:
        self.asked = len(calls)
        yield from (call.function(*call.arguments) for call in calls)


def test_a_call_comes_back_from_a_process_of_its_own() -> None:
    """What it prints is no part of the result."""
    call = Call("plan", compute.one_by_one, (print, [("this is printed",)]))
    assert compute.unpacked(compute.carry_out(compute.packed(call))) == [None]


def emit_progress(count: int) -> str:
    """Stand for a stage that says how far it is, beside other things."""
    print("something else")
    with progress.shown("stage") as report:
        for done in range(1, count + 1):
            report(done, count, {"loss": 0.5})
    return "done"


def test_a_call_tells_how_far_it_is() -> None:
    """What it tells comes while it runs, and its result as ever."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker has the package, not its tests
    told: list[compute.Told] = []
    call = Call("plan", compute.one_by_one, (emit_progress, [(3,)]))
    assert compute.unpacked(compute.carry_out(compute.packed(call), told.append)) == ["done"]
    assert told == [(3, 3, {"loss": 0.5})]


def test_what_a_call_complains_of_is_raised_here(tmp_path: Path) -> None:
    """A line for the user stays one."""
    order = compute.packed(Call("plan", params.read, (tmp_path,)))
    assert "run this inside a project" in one_line(lambda: compute.unpacked(compute.carry_out(order)))


def test_a_call_that_breaks_says_where_and_why() -> None:
    """The last words of the process are in the error."""
    with pytest.raises(RuntimeError, match=r"a call ended with 1 on .*ZeroDivisionError"):
        compute.carry_out(compute.packed(Call("plan", divmod, (1, 0))))


def test_a_worker_with_other_libraries_is_refused() -> None:
    """Its bytes would be others; it says which of them differ."""
    known, call = pickle.loads(compute.packed(Call("train", abs, (-3,))))
    order = pickle.dumps(({**known, "torch": "1.0"}, call))
    assert "torch" in (said := one_line(lambda: compute.unpacked(compute.obey(order)))) and "instead of 1.0" in said


def test_arguments_are_spread_in_order() -> None:
    """Over two calls for each worker, and none where there is nothing to do."""
    here = Here()
    assert list(compute.spread(here, "evaluate", pow, [(number, 2) for number in range(9)])) == [
        number**2 for number in range(9)
    ]
    assert here.asked == 3
    assert list(compute.spread(here, "evaluate", pow, [])) == []


@pytest.mark.parametrize("asked", ["dask", "spark://here:1", "dask://here", "dask://here:1/x", "ray://:8"])
def test_an_address_that_is_none_is_named(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is loaded."""
    monkeypatch.setenv(compute.COMPUTE, asked)
    assert asked in (said := one_line(compute.engine)) and "dask://host:port" in said


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    place = f"127.0.0.1:{processes.free_port()}"
    monkeypatch.setenv(compute.COMPUTE, f"dask://{place}")
    monkeypatch.setattr(compute, "ANSWER_SECONDS", 1)
    assert f"no dask cluster answers at {place}" in one_line(compute.engine)


@pytest.mark.parametrize(("failures", "joins"), [(0, True), (3, True), (4, False)])
def test_a_busy_cluster_is_asked_again(failures: int, joins: bool) -> None:
    """That it started nothing for us in its time is another fault than a wrong address, and may pass."""
    answers = iter([ConnectionAbortedError("server failed")] * failures)

    def connect() -> None:
        for refused in answers:
            raise refused

    if joins:
        compute.patiently(connect, "here:1")
    else:
        assert one_line(lambda: compute.patiently(connect, "here:1")).endswith("here:1 takes no client: server failed")
    assert not list(answers)


@contextmanager
def dask(folder: Path) -> Iterator[str]:
    """Run a Dask scheduler and two workers in `folder`; yield where it answers."""
    place = f"127.0.0.1:{processes.free_port()}"
    asked = ["--no-dashboard", "--host", "127.0.0.1"]
    with ExitStack() as stack:

        def started(*words: str) -> None:
            command = [sys.executable, "-m", *words, *asked]
            process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.DEVNULL)
            stack.callback(processes.end, process)

        started("distributed.cli.dask_scheduler", "--port", place.rpartition(":")[2])
        for _ in range(2):
            started(WORKER, f"tcp://{place}", "--nthreads", "1", "--no-nanny")
        processes.wait_for(lambda: len(workers()) == 2, 60)
        yield f"dask://{place}"


@contextmanager
def ray(folder: Path) -> Iterator[str]:
    """Run a Ray cluster of this machine, which may be busy; yield where it answers."""
    port = str(processes.free_port())
    told = ["--num-cpus", "2", "--include-dashboard", "false", "--disable-usage-stats"]
    with tempfile.TemporaryDirectory() as short:  # the names of its sockets may not be long
        told += ["--temp-dir", short, "--ray-client-server-port", port]
        limit = {"RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "300"}
        run("ray", "start", "--head", "--port", "0", *told, cwd=folder, env=limit)
        try:
            yield f"ray://127.0.0.1:{port}"
        finally:
            subprocess.run([BIN / "ray", "stop", "--force"], capture_output=True, check=False)


def workers() -> list[psutil.Process]:
    return [one for one in psutil.process_iter() if WORKER in _command(one)]


def calls() -> list[psutil.Process]:
    """Return the processes that a worker has started for a call."""
    return [one for one in psutil.process_iter() if compute.__name__ in _command(one)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [dask, ray])
def test_a_run_elsewhere_has_the_hashes_of_one_here(finished: Path, tmp_path: Path, cluster: Any) -> None:
    """Every stage that trains or judges runs on the cluster, and the lock file is the one that there was."""
    project = begun_clone(finished, tmp_path / "project")
    with cluster(tmp_path) as address:
        said = run("dvc", "repro", cwd=project, env={compute.COMPUTE: address, progress.PIPE: progress.TO_OUTPUT})
    told = [
        record["done"]
        for line in said.split("\n")
        if (record := progress.parse(line)) and record["stage"] == "pretrain"
    ]
    assert told[-1] == QUICK["pretrain"]["steps"]
    stages = [files.read_yaml(one / "dvc.lock")["stages"] for one in (finished, project)]
    assert stages[0] == stages[1]


@pytest.mark.slow
def test_what_a_killed_worker_had_is_taken_up_elsewhere(finished: Path, tmp_path: Path) -> None:
    """The model has the bytes that it had, and the killed worker's own process ends with it."""
    project = working_clone(finished, tmp_path / "project")
    name = slug("tail")
    model = project / f"data/models/{name}.safetensors"
    before = model.read_bytes()
    with dask(tmp_path) as address:
        command = [BIN / "tailweight", "stage", "train", name]
        stage = subprocess.Popen(command, cwd=project, env=environment(**{compute.COMPUTE: address}))
        busy = processes.wait_for(calls, 60, every=0.05)[0]
        killed = busy.parent()
        assert killed is not None
        killed.kill()
        assert stage.wait(300) == 0
        assert len(workers()) == 1
        assert not busy.is_running()
    assert model.read_bytes() == before
