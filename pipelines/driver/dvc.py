"""DVC, the one record of what was run: its pipeline file, its graph, what is stale, running a stage, pruning.

The only module that calls DVC, and always as a command, so that a stage runs isolated and DVC's locks see each process.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from pipelines import files
from pipelines.driver import dag, fork_server, frozen, hold, lock, machine, params, progress
from pipelines.errors import UserError

FILE = "dvc.yaml"
# Which code the stages run, in git. A path into site-packages is no dependency, and with a hundred source files a stage
# DVC takes four seconds to write its lock file, which it does after every stage.
CODE = "data/code.yaml"
COMMENT = "Rendered by `tailweight render` from the table of stages in pipelines/driver/dag.py."
RETRYABLE = ("Unable to acquire lock", "is busy", "rwlock")
CHATTER = (
    "Running stage", "> tailweight", "Generating lock file", "Updating lock file", "To track the changes", "git add",
    "To enable auto staging", "dvc config", "Use `dvc push`", "Verifying data sources", "Stage '",
    "Data and pipelines are up to date", *(f"WARNING: '{path}' is empty" for path in dag.LAID_EMPTY),
)  # fmt: skip
# A Ctrl-C of the terminal reaches every process of its group. It must not end DVC in the middle of writing its lock file,
# so DVC and its stage do not hear it: `Processes.stop` ends the stage, and DVC then ends by itself.
DEAF = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
LOCK_WIDTH = 80  # at which DVC breaks the lines of its lock file
MANY = 4  # stages from which it is worth five seconds to load once what each would load
END_SECONDS = 5.0  # that DVC has to end its write after its stage was ended


class StageFailed(Exception):
    """A stage did not run through.

    user: whether the line is for the user to mend; transient: whether another try may succeed.
    """

    def __init__(self, line: str, user: bool = False, transient: bool = False) -> None:
        super().__init__(line)
        self.user = user
        self.transient = transient


def render(demo: bool, values: Mapping[str, Any]) -> str:
    """Return the text of `dvc.yaml`. demo: of this repository's own project. values: the settings."""
    stages = {stage.name: _entry(stage, demo) for stage in dag.stages(demo)}
    if frozen.is_frozen(values):
        stages["pretrain"]["frozen"] = True
        if frozen.trains_alone(values):
            stages["train"]["do"] |= {"deps": [frozen.BASE], "params": frozen.narrowed(stages["train"]["do"]["params"])}
    document: dict[str, Any] = {"vars": [f"{dag.PLAN}:classes,curves"], "stages": stages}
    known = dag.stages(demo)
    document["metrics"] = [path for stage in known for path in stage.metrics]
    document["plots"] = [{path: dict(look)} for stage in known for path, look in stage.plots.items()]
    document["plots"] += [path for stage in known for path in stage.pictures if params.kind(values) == "images"]
    return files.yaml_text({key: value for key, value in document.items() if value}, COMMENT, width=4096)


def _entry(stage: dag.Stage, demo: bool) -> dict[str, Any]:
    slug = "${key}" if stage.per_class else ""
    own = [stage.name] if stage.configurable else []
    if stage.told_changes:
        own = [other.name for other in dag.stages(demo) if other.settings.model_fields]
    parameters: list[Any] = ["seed", *own, *stage.borrows]
    if stage.per_class:
        task = f"classes.{slug}"
        parameters.append({dag.PLAN: [f"{task}.{name}" for name in stage.of_plan] or [task]})
    parameters.append({CODE: [stage.name]})
    outs: list[Any] = [path.format(slug=slug) for path in stage.writes.values() if path != dag.PLAN]
    if dag.PLAN in stage.writes.values():
        outs.append(
            {dag.PLAN: {"cache": False, "persist": True}}
        )  # in git: no DVC command can parse dvc.yaml without it
    body = {
        "desc": stage.about,
        "cmd": f"tailweight stage {stage.name} {slug}".strip(),
        "deps": [path.format(slug=slug) for path in stage.reads.values()],
        "params": parameters,
        "outs": outs,
    }
    return {"foreach": "${classes}", "do": body} if stage.per_class else body


def code_hashes(demo: bool) -> dict[str, str]:
    """Return which code each stage would run now, by its name; see `render`."""
    return {stage.name: dag.code_hash(stage) for stage in dag.stages(demo)}


def write_code_hashes(project: Path) -> None:
    """Say in `code.yaml` which code each stage would run now; a no-op where it says so already."""
    hashes, path = code_hashes(dag.is_source(project)), project / CODE
    if not path.is_file() or files.read_yaml(path) != hashes:
        files.write_yaml(
            path, hashes, "Hashes of Tailweight's code behind each stage: a stage runs again when its own changes."
        )


def status(project: Path, *targets: str) -> dict[str, Any]:
    """Return what DVC calls changed, by stage, of all or of `targets`; empty where all is up to date."""
    found = json.loads(command(project, "status", "--json", *targets) or "{}")
    return {name: changes for name, changes in found.items() if changes != ["always changed"]}


def graph(project: Path) -> dict[str, set[str]]:
    """Return the stages by name, `.dvc` files included, each with the names of those that it directly depends on."""
    dot = command(project, "dag", "--dot")
    nodes: dict[str, set[str]] = {name: set() for name in re.findall(r'^\s*"([^"]+)";', dot, re.MULTILINE)}
    for before, after in re.findall(r'^\s*"([^"]+)"\s*->\s*"([^"]+)";', dot, re.MULTILINE):
        nodes.setdefault(before, set())
        nodes.setdefault(after, set()).add(before)
    return nodes


class Processes:
    """The DVC processes of one run, each running one stage: started, read, and ended together. Used by many threads."""

    def __init__(self) -> None:
        self._children: set[psutil.Popen] = set()
        self._stopping = False  # nothing more is started
        self._lock = threading.RLock()  # a signal may interrupt its holder
        self._fork_server = fork_server.ForkServer()

    def begin_forks(self, stages: int) -> None:
        """Get ready for so many stages: where they are many, they are to begin as forks."""
        if stages >= MANY:
            self._fork_server.begin()

    @contextlib.contextmanager
    def forks(self, stages: int) -> Iterator[None]:
        """Be ready for so many stages in the block; what still runs when it is left is ended, and nothing more is started."""
        self.begin_forks(stages)
        try:
            yield
        finally:
            self.stop()
            self._fork_server.end()

    def reproduce(self, project: Path, stage: str, environment: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Let DVC run one stage and nothing else; yield the records and lines of its output as they come.

        A record is what `progress.emit` sent; an ordinary line comes as {"line": text}. StageFailed where it did not run
        through. The child stays in this process group, so that cancelling a run ends it.
        """
        child = self._start(project, stage, environment)
        output = _Output()
        try:
            yield from output.read(child.stdout)
        finally:
            code = child.wait()
            self._children.discard(child)
        if code:
            raise output.failure(stage, code, self._stopping)

    def _start(self, project: Path, stage: str, environment: dict[str, str]) -> psutil.Popen:
        with self._lock:
            if self._stopping:
                raise StageFailed(f"stage {stage} was not started, the run is being stopped")
            child = psutil.Popen(
                [*DEAF, *_dvc(), "--wait-for-lock", "repro", "--single-item", stage],
                cwd=project,
                env=_environment() | {progress.PIPE: progress.TO_OUTPUT} | self._fork_server.environment | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            self._children.add(child)
        return child

    def stop(self) -> None:
        """End the stages that are running, with all that they have started, and start no more.

        Only the commands of DVC are ended, and DVC is left to end by itself: it may be writing its lock file. What is
        still there after some seconds is killed.
        """
        with self._lock:
            self._stopping = True
            children = list(self._children)
        for child in children:
            for process in hold.below(child):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.terminate()
        late = psutil.wait_procs(children, timeout=END_SECONDS)[1]
        for child in late:
            for process in [*hold.below(child), child]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


class _Output:
    """What a DVC process prints: records to be shown, and the lines that say why it failed."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.tail: list[str] = []

    def read(self, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield the records and ordinary lines, without DVC's chatter; keep an error and the last lines."""
        for line in lines:
            record = progress.parse(line)
            if record and "error" in record:
                self.error = record["error"]
            elif record:
                yield record
            elif line.strip() and not line.strip().startswith(CHATTER):
                self.tail = [*self.tail[-30:], line.rstrip()]
                if not line.startswith("ERROR: "):  # comes back as StageFailed
                    yield {"line": line.rstrip()}

    def failure(self, stage: str, code: int, stopping: bool) -> StageFailed:
        """Return why the stage failed, once its process has come to the exit code `code`."""
        if self.error:
            return StageFailed(self.error, user=True)
        text = "\n".join(self.tail)
        exited = re.search(r"exited with (-?\d+)", text)
        killed = code < 0 or (exited is not None and not 0 <= int(exited[1]) <= 128)  # a shell says 128 + the signal
        transient = not stopping and (killed or any(word in text for word in RETRYABLE))
        why = self.tail[-1] if self.tail else f"exit code {code}"
        if killed:
            why = "was killed, by the system where memory ran out"
        return StageFailed(f"stage {stage} failed: {why}", transient=transient)


def prune(project: Path, slugs: set[str]) -> list[str]:
    """Delete the files and lock entries of classes that are not in the plan any more; return what was deleted."""
    return prune_files(project, slugs) + _prune_lock(project / lock.FILE, slugs)


def prune_files(project: Path, slugs: set[str]) -> list[str]:
    """Delete the files of classes other than `slugs` and return their paths.

    What is left over would be hashed by the stages that depend on the folders, and a fresh clone would call them stale.
    """
    removed = []
    patterns = [path for stage in dag.STAGES if stage.per_class for path in stage.writes.values()]
    shared = {path for stage in dag.STAGES if not stage.per_class for path in stage.writes.values()}
    for pattern in patterns:
        folder, name = os.path.split(pattern)
        for path in sorted((project / folder).glob(name.replace("{slug}", "*"))):
            kept = path.relative_to(project).as_posix() in shared
            if not kept and path.name not in {name.format(slug=slug) for slug in slugs}:
                path.unlink()
                removed.append(path.relative_to(project).as_posix())
    return removed


def _prune_lock(path: Path, slugs: set[str]) -> list[str]:
    if not path.is_file():
        return []
    document = files.read_yaml(path)
    stages = document.get("stages") or {}
    per_class = {stage.name for stage in dag.STAGES if stage.per_class}
    dead = [
        name for name in stages if name.split("@")[0] in per_class and "@" in name and name.split("@")[1] not in slugs
    ]
    for name in dead:
        del stages[name]
    if dead:
        files.write_text(path, files.yaml_text(document, width=LOCK_WIDTH))
    return dead


def cache_folder(project: Path) -> Path:
    """Return the folder in which DVC keeps content by its hash: the first two digits are a folder, the rest the name."""
    return Path(command(project, "cache", "dir").strip()) / "files/md5"


def command(project: Path, *arguments: str) -> str:
    """Run a DVC command and return what it prints; UserError with its last line where it fails."""
    done = subprocess.run(
        [*_dvc(), *arguments],
        cwd=project,
        env=_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        lines = (
            [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            or done.stderr.splitlines()
            or ["no message"]
        )
        raise UserError(f"dvc {arguments[0]} in {project}: {lines[-1].removeprefix('ERROR: ')}")
    return done.stdout


def default_remote(project: Path) -> str | None:
    """Return the name of the remote that DVC pushes to, None where none is set."""
    settings = command(project, "config", "--list").splitlines()
    return next((one.partition("=")[2] for one in settings if one.startswith("core.remote=")), None)


def _dvc() -> list[str]:
    return [*machine.PYTHON, "dvc"]


def _environment() -> dict[str, str]:
    """Return this environment with our own commands first on the path: DVC's stages call `tailweight`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}
