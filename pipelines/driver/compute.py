"""Where heavy work runs: here, or on the Dask or Ray cluster that `TAILWEIGHT_COMPUTE` names.

DVC starts and records a stage here as ever. A call goes to a worker with all that it needs, and its result comes back, which
the stage writes in one go. Each call runs in a process of its own, with the kernels and the one thread that every stage has, so
that the bytes are those of one machine; where a worker dies, the engine gives its calls to another. Nothing of this is part of
what DVC hashes. The engines' own clients are used: Prefect's task runners for them run finished tasks again when a worker dies.
"""

import logging
import os
import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import cloudpickle

from gan.errors import one_line
from pipelines.driver import dag, machine, progress
from pipelines.driver.unfinished import libraries
from pipelines.errors import UserError

COMPUTE = "TAILWEIGHT_COMPUTE"  # environment variable: dask://host:port or ray://host:port
RETRIES = 3  # tries more where a worker died
ANSWER_SECONDS = 20  # that a cluster has to answer
WATCH_SECONDS = 1.0
TAIL = 300  # characters of what a failed process said last


class Call(NamedTuple):
    """A call for a worker, which has to have the code behind `stage`. function: one that pickle finds by its name."""

    stage: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Engine(Protocol):
    """A cluster. workers: how many calls it runs side by side."""

    workers: int

    def results(self, calls: Sequence[Call]) -> Iterator[Any]:
        """Yield the result of each call, in order, as it comes; UserError where a worker has other code or libraries."""
        ...


class Dask:
    """The workers of a Dask scheduler."""

    def __init__(self, place: str) -> None:
        """place: host:port of the scheduler."""
        from distributed import Client

        self.client = Client(f"tcp://{place}", timeout=ANSWER_SECONDS, set_as_default=False)
        self.workers = max(sum(self.client.nthreads().values()), 1)

    def results(self, calls: Sequence[Call]) -> Iterator[Any]:
        """See `Engine`."""
        futures = [self.client.submit(carry_out, packed(call), pure=False, retries=RETRIES) for call in calls]
        for future in futures:
            yield unpacked(future.result())


class Ray:
    """The workers of a Ray cluster, each with a GPU where it has any."""

    def __init__(self, place: str) -> None:
        """place: host:port of the cluster's client server."""
        import ray

        logging.getLogger("ray.client_builder").setLevel(logging.WARNING)  # it lists its own settings
        patiently(lambda: ray.init(f"ray://{place}"), place)
        has = ray.cluster_resources()
        gpus = int(has.get("GPU", 0))
        self.workers = max(gpus or int(has.get("CPU", 1)), 1)
        self.get: Callable[[Any], Any] = ray.get
        self.remote = ray.remote(num_cpus=1, num_gpus=1 if gpus else 0, max_retries=RETRIES)(carry_out)

    def results(self, calls: Sequence[Call]) -> Iterator[Any]:
        """See `Engine`."""
        for promised in [self.remote.remote(packed(call)) for call in calls]:
            yield unpacked(self.get(promised))


def patiently(connect: Callable[[], Any], place: str) -> None:
    """Join a Ray cluster; again where it answers, but its process for this client was not up in its time (busy machines)."""
    for tries_left in reversed(range(RETRIES + 1)):
        try:
            connect()
            return
        except ConnectionAbortedError as error:
            if not tries_left:
                said = one_line(error, TAIL)
                raise UserError(f"{COMPUTE}: the ray cluster at {place} takes no client: {said}") from None


ENGINES: dict[str, type[Dask] | type[Ray]] = {"dask": Dask, "ray": Ray}


def engine() -> Engine | None:
    """Return the cluster that the environment names, None where it names none; UserError where it cannot be had."""
    asked = os.environ.get(COMPUTE, "")
    if not asked:
        return None
    kind, _, place = asked.partition("://")
    if kind not in ENGINES or not re.fullmatch(r"[^/\s:]+:\d+", place):
        raise UserError(f"{COMPUTE} is {asked!r}; expected dask://host:port or ray://host:port")
    try:
        return ENGINES[kind](place)
    except ModuleNotFoundError:
        raise UserError(
            f"{COMPUTE} names a {kind} cluster, and {kind} is not installed here; type: pip install 'tailweight[{kind}]'"
        ) from None
    except OSError:  # that of no time left, too
        raise UserError(
            f"{COMPUTE}: no {kind} cluster answers at {place}; start one there, or unset {COMPUTE} to run here"
        ) from None


# What goes to a worker and what comes back.


def packed(call: Call) -> bytes:
    """Return a call, with what this side runs."""
    return bytes(cloudpickle.dumps((standing(call.stage), call)))


def unpacked(answer: bytes) -> Any:
    """Return the result in what a worker has sent back, or raise what it complains of."""
    result, complaint = pickle.loads(answer)
    if complaint is not None:
        raise UserError(complaint)
    return result


def standing(stage: str) -> dict[str, str]:
    """Return the code behind a stage and the libraries that decide its bytes, on this side."""
    return {"tailweight": dag.code_hash(dag.stage_named(stage)), **libraries()}


def carry_out(order: bytes) -> bytes:
    """Run a call in a process of its own, on the worker; return what `unpacked` takes."""
    command = [*machine.PYTHON, "pipelines.driver.compute", str(os.getpid())]
    told = {name: value for name, value in os.environ.items() if name not in (COMPUTE, progress.PIPE)}
    told |= dict.fromkeys(machine.THREAD_LIMITS, "1") | machine.kernels() | {machine.CORES: "1"}
    done = subprocess.run(command, input=order, capture_output=True, env=told, check=False)
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-TAIL:]
        raise RuntimeError(f"a call ended with {done.returncode} on {os.uname().nodename}: {said}")
    return done.stdout


def obey(order: bytes) -> bytes:
    """Return what comes back for an order: a result, or what this side complains of."""
    there, call = pickle.loads(order)
    here = standing(call.stage)
    if other := [f"{name} {here[name]} instead of {there[name]}" for name in there if here[name] != there[name]]:
        where = os.uname().nodename
        return pickle.dumps((None, f"the worker on {where} has {', '.join(other)}; install the same on every machine"))
    try:
        return pickle.dumps((call.function(*call.arguments), None))
    except UserError as error:
        return pickle.dumps((None, str(error)))


def end_with(parent: int) -> None:
    """Wait for the end of the process `parent`, and end this one."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)


def spread(
    engine: Engine, stage: str, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
) -> Iterator[Any]:
    """Yield what `function` returns for each of `arguments`, in order, as it comes.

    Two parts for each worker: starting a process takes seconds, and with one part each all would wait for the slowest.
    """
    size = -(-len(arguments) // (2 * engine.workers))
    parts = [arguments[first : first + size] for first in range(0, len(arguments), size)] if size else []
    for some in engine.results([Call(stage, one_by_one, (function, part)) for part in parts]):
        yield from some


def one_by_one(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Return what `function` returns for each of `arguments`."""
    return [function(*each) for each in arguments]


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(int(sys.argv[1]),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the call prints is no part of its result
    answers.write(obey(sys.stdin.buffer.read()))
    answers.close()
