"""Where heavy work runs: here, or on the Dask or Ray cluster that `TAILWEIGHT_COMPUTE` names.

DVC starts and records a stage here as ever. A call goes to a worker with all that it needs, and its result comes back, which
the stage writes in one go. Each call runs in a process of its own, with the kernels and the one thread that every stage has, so
that the bytes are those of one machine; where a worker dies, the engine gives its calls to another. Nothing of this is part of
what DVC hashes. The engines' own clients are used: Prefect's task runners for them run finished tasks again when a worker dies.
"""

import contextlib
import io
import logging
import os
import pickle
import re
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple, Protocol, cast

import cloudpickle

from gan.errors import one_line
from gan.progress import Progress
from pipelines.driver import dag, machine, progress
from pipelines.driver.unfinished import libraries
from pipelines.errors import UserError

COMPUTE = "TAILWEIGHT_COMPUTE"  # environment variable: dask://host:port or ray://host:port
RETRIES = 3  # tries more where a worker died
ANSWER_SECONDS = 20  # that a cluster has to answer
WATCH_SECONDS = 1.0
TAIL = 300  # characters of what a failed process said last

Told = tuple[int, int, Mapping[str, float]]  # how far a stage is: what a `Progress` is called with


def unheard(done: int, total: int, figures: Mapping[str, float]) -> None:
    """Be told how far work is, and do nothing with it."""


class Call(NamedTuple):
    """A call for a worker, which has to have the code behind `stage`. function: one that pickle finds by its name."""

    stage: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Engine(Protocol):
    """A cluster. workers: how many calls it runs side by side."""

    workers: int

    def results(self, calls: Sequence[Call], progress: Progress = unheard) -> Iterator[Any]:
        """Yield the result of each call, in order, as it comes; UserError where a worker has other code or libraries.

        progress: is told how far the stage is that a call runs.
        """
        ...


class Dask:
    """The workers of a Dask scheduler."""

    def __init__(self, place: str) -> None:
        """place: host:port of the scheduler."""
        from distributed import Client

        self.client = Client(f"tcp://{place}", timeout=ANSWER_SECONDS, set_as_default=False)
        self.workers = max(sum(self.client.nthreads().values()), 1)

    def results(self, calls: Sequence[Call], progress: Progress = unheard) -> Iterator[Any]:
        """See `Engine`."""
        topic = f"tailweight {uuid.uuid4()}"
        self.client.subscribe_topic(topic, lambda event: progress(*event[1]))
        tell = partial(_log, topic)
        futures = [self.client.submit(carry_out, packed(call), tell, pure=False, retries=RETRIES) for call in calls]
        try:
            for future in futures:
                yield unpacked(future.result())
        finally:
            self.client.unsubscribe_topic(topic)


def _log(topic: str, told: Told) -> None:
    """Send what a call on a Dask worker has to tell to whoever listens to `topic`."""
    from distributed import get_worker

    get_worker().log_event(topic, told)


class Ray:
    """The workers of a Ray cluster, each with a GPU where it has any."""

    def __init__(self, place: str) -> None:
        """place: host:port of the cluster's client server."""
        import ray
        from ray.util.queue import Queue

        logging.getLogger("ray.client_builder").setLevel(logging.WARNING)  # it lists its own settings
        patiently(lambda: ray.init(f"ray://{place}"), place)
        has = ray.cluster_resources()
        gpus = int(has.get("GPU", 0))
        self.workers = max(gpus or int(has.get("CPU", 1)), 1)
        self.get, self.wait = ray.get, ray.wait
        self.told = Queue(actor_options={"num_cpus": 0})
        self.remote: Any = ray.remote(num_cpus=1, num_gpus=1 if gpus else 0, max_retries=RETRIES)(carry_out)

    def results(self, calls: Sequence[Call], progress: Progress = unheard) -> Iterator[Any]:
        """See `Engine`."""
        for promised in [self.remote.remote(packed(call), self.told.put) for call in calls]:
            done = False
            while not done:
                done = bool(self.wait([promised], timeout=WATCH_SECONDS)[0])
                with contextlib.suppress(Exception):  # the queue may have gone with its machine; the work has not
                    for told in self.told.get_nowait_batch(self.told.qsize()):
                        progress(*told)
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


def carry_out(order: bytes, tell: Callable[[Told], object] = lambda told: None) -> bytes:
    """Run a call in a process of its own, on the worker; return what `unpacked` takes.

    tell: is called with how far the stage is, when it says so.
    """
    command = [*machine.PYTHON, "pipelines.driver.compute", str(os.getpid())]
    environment = {name: value for name, value in os.environ.items() if name != COMPUTE}
    environment |= machine.numerics()
    environment |= {machine.CORES: "1", progress.PIPE: progress.TO_ERRORS}
    said: deque[str] = deque(maxlen=TAIL)
    with TemporaryFile() as given, TemporaryFile() as answer:
        given.write(order)
        given.seek(0)
        with subprocess.Popen(command, stdin=given, stdout=answer, stderr=subprocess.PIPE, env=environment) as child:
            for line in io.TextIOWrapper(cast(IO[bytes], child.stderr), errors="replace"):
                if (record := progress.parse(line)) is None:
                    said.append(line.strip())
                elif "done" in record:
                    with contextlib.suppress(Exception):  # that nobody can be told ends no work
                        tell((record["done"], record["total"], record["figures"]))
        if child.returncode:
            words = " ".join(said)[-TAIL:]
            raise RuntimeError(f"a call ended with {child.returncode} on {os.uname().nodename}: {words}")
        answer.seek(0)
        return answer.read()


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
