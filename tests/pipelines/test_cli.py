"""The command line: bad input gets one clear line and exit code 2, and leaves nothing half done."""

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image

from pipelines.driver import dvc, params
from tests.conftest import called, environment, run, write_classes
from tests.processes import wait_for


def test_help_teaches(tmp_path: Path) -> None:
    """`--help` shows how to begin, and every command has a help of its own."""
    text = run("tailweight", "--help", cwd=tmp_path)
    assert "tailweight init shoes --images" in text
    for command in ("init", "run", "versions", "diff", "restore", "params", "export", "deploy", "completion", "stage"):
        assert "usage: tailweight" in run("tailweight", command, "--help", cwd=tmp_path)


def test_params_explains_settings_anywhere(tmp_path: Path) -> None:
    """`tailweight params` needs no project: it prints the defaults, as `params.yaml` would have them."""
    assert run("tailweight", "params", cwd=tmp_path) == params.render(demo=False)


def test_params_shows_all_and_a_schema_where_asked(tmp_path: Path) -> None:
    """`--all` adds what is hardly ever changed, with bounds; `--schema` is JSON for an editor."""
    assert run("tailweight", "params", "--all", cwd=tmp_path) == params.render(demo=False, everything=True)
    assert json.loads(run("tailweight", "params", "--schema", cwd=tmp_path))["additionalProperties"] is False


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """Neither torch nor Prefect nor NumPy is imported to show the help."""
    code = "import sys, pipelines.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    modules = run(sys.executable, "-c", code, cwd=tmp_path).split()
    assert not {"torch", "prefect", "numpy", "pandas", "PIL", "sklearn", "scipy", "rich"} & set(modules)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["run"], "no such file; run this inside a project"),
        (["status"], "no such file; run this inside a project"),
        (["export", "out"], "there is no release yet"),
        (["init", "new", "--images", "nowhere"], "no such file or folder"),
        (["init", "new", "--images", "empty"], "the folder is empty"),
        (["init", "new", "--images", "one"], "found 1 class(es)"),
        (["init", "new", "--images", "twins"], "differ only in case"),
        (["init", "new", "--images", "good", "--image-size", "500"], "expected 8 to 128"),
        (["init", "one", "--images", "good"], "exists already"),
        (["init", "good/new", "--images", "good"], "lies inside the images"),
        (["statsu"], "'statsu' is not a command; did you mean status?; see: tailweight --help"),
        (["run", "--quite"], "--quite is not known here; did you mean --quiet?; see: tailweight run --help"),
        (["init", "new"], "one of the arguments --images --table --series is required; see: tailweight init --help"),
        (["run", "--device", "gpu"], "'gpu' is no device; expected auto, cpu, cuda or cuda:N"),
        (["run", "--device", "cuda:99"], "cuda:99 is asked for, and torch finds"),
        (["verdicts"], "no such file; run this inside a project"),
        (["ingest"], "no such file; run this inside a project"),
        (["ingest", "--from", ""], "--from names nothing"),
        (["completion", "bsh"], "did you mean bash?"),
    ],
)
def test_bad_input_gets_one_line_and_leaves_nothing(tmp_path: Path, command: list[str], said: str) -> None:
    """Exit code 2, a line without a traceback, and no new file."""
    (tmp_path / "empty").mkdir()
    write_classes(tmp_path / "one", {"a": 3})
    write_classes(tmp_path / "twins", {"Cat": 3, "cat": 3})
    write_classes(tmp_path / "good", {"a": 3, "b": 3})
    before = sorted(tmp_path.rglob("*"))
    text = run("tailweight", *command, cwd=tmp_path, code=2)
    assert said in text
    assert text.count("\n") == 1, text
    assert sorted(tmp_path.rglob("*")) == before


def test_a_misspelt_setting_stops_a_run_before_it_starts(finished: Path) -> None:
    """The line names the setting and the nearest one; nothing is changed."""
    before = (finished / params.FILE).read_text()
    try:
        (finished / params.FILE).write_text(before.replace("threshold:", "treshold:"))
        text = run("tailweight", "run", cwd=finished, code=2)
        assert text == "tailweight: params.yaml: filter.treshold is not a setting; did you mean threshold?\n"
    finally:
        (finished / params.FILE).write_text(before)
    assert "all is up to date" in run("tailweight", "status", cwd=finished)


def test_an_unknown_stage_is_named_with_the_nearest(finished: Path) -> None:
    """`tailweight run trian` says which stage was perhaps meant."""
    assert "'trian' is not a stage; did you mean train?" in run("tailweight", "run", "trian", cwd=finished, code=2)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose every image is a text file."""
    folder = tmp_path_factory.mktemp("broken")
    write_classes(folder / "images", {"a": 6, "b": 6})
    for path in (folder / "images").rglob("*.png"):
        path.write_text(f"no image {path.name}")
    called("init", "project", "--images", "images", cwd=folder)
    return folder / "project"


def test_a_stage_that_finds_bad_data_ends_the_run_with_its_line(broken: Path) -> None:
    """Through DVC and Prefect, the user sees the stage's one line, exit code 2, and no traceback."""
    text = run("tailweight", "run", cwd=broken, code=2)
    assert "0 class(es) with usable images among 12 records (most often: not an image that Pillow can read)" in text
    assert "Traceback" not in text
    assert not (broken / "data/prepared").exists()
    assert not list((broken / ".tailweight").glob("outputs-*"))


def test_plain_dvc_repro_shows_the_same_line(broken: Path) -> None:
    """Without Prefect the stage says the same."""
    text = run("dvc", "repro", "prepare", cwd=broken, code=None)
    assert "tailweight: 0 class(es) with usable images" in text
    assert "Traceback" not in text


def test_run_train_in_a_new_project_plans_first(tmp_path: Path) -> None:
    """`tailweight run train` where nobody knows the classes yet makes the plan, and finds that nothing is to be trained."""
    write_classes(tmp_path / "images", {"a": 12, "b": 12})
    called("init", "project", "--images", "images", cwd=tmp_path)
    text = run("tailweight", "run", "train", cwd=tmp_path / "project")
    assert "no class is a minority class" in text
    assert not (tmp_path / "project/data/models/base.safetensors").exists()
    assert "all is up to date" in run("tailweight", "run", "train", cwd=tmp_path / "project")


def test_init_here_takes_an_empty_folder(tmp_path: Path) -> None:
    """`tailweight init .` fills the folder that one stands in."""
    write_classes(tmp_path / "images", {"a": 3, "b": 3})
    (tmp_path / "here").mkdir()
    called("init", ".", "--images", "../images", cwd=tmp_path / "here")
    assert (tmp_path / "here/params.yaml").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_server_that_is_down_is_named(broken: Path) -> None:
    """With PREFECT_API_URL set and nobody there, the line says so and what to do."""
    text = run("tailweight", "run", cwd=broken, env={"PREFECT_API_URL": "http://127.0.0.1:1/api"}, code=2)
    assert "no Prefect server answers there" in text and "Traceback" not in text


@pytest.mark.skipif(
    subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode != 0,
    reason="needs the right to leave the network",
)
def test_a_machine_without_loopback_gets_a_line(broken: Path) -> None:
    """Prefect's server cannot be reached then; the line says what runs without it."""
    text = run("unshare", "--net", "tailweight", "run", cwd=broken, env={"PREFECT_API_URL": ""}, code=2)
    assert "127.0.0.1 does not answer" in text and "dvc repro" in text and "Traceback" not in text


def test_a_home_that_cannot_be_written_stops_no_run(broken: Path) -> None:
    """Prefect's history is kept in memory then, a line says so, and the run comes to what it would have come to."""
    home = {"HOME": "/proc/nowhere", "PREFECT_HOME": "/proc/nowhere/.prefect", "MPLCONFIGDIR": str(broken.parent)}
    text = run("tailweight", "run", cwd=broken, env={"PREFECT_API_URL": "", **home}, code=2)
    assert "Prefect cannot keep its history in /proc/nowhere/.prefect" in text
    assert "0 class(es) with usable images" in text and "Traceback" not in text


def test_init_takes_the_size_of_the_images(tmp_path: Path) -> None:
    """The default size is that of the data, within 8 and 64 pixels; the project is a committed repository."""
    write_classes(tmp_path / "small", {"a": 3, "b": 3}, size=20)
    called("init", "p", "--images", "small", cwd=tmp_path)
    assert params.read(tmp_path / "p")["prepare"]["image_size"] == 20
    assert run("git", "status", "--porcelain", cwd=tmp_path / "p") == ""
    for name in ("a", "b"):
        (tmp_path / "large" / name).mkdir(parents=True)
        Image.effect_noise((300, 200), 50).save(tmp_path / "large" / name / "x.png")
    called("init", "q", "--images", "large", cwd=tmp_path)
    assert params.read(tmp_path / "q")["prepare"]["image_size"] == 64


def test_a_run_that_is_stopped_stops_its_stages(finished: Path, tmp_path: Path) -> None:
    """SIGTERM ends the stages that are running, silent ones too; the next run goes on from what was finished."""
    other = tmp_path / "other"
    run("git", "clone", "--quiet", str(finished), str(other), cwd=tmp_path)
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    settings = (other / params.FILE).read_text()
    (other / params.FILE).write_text(settings.replace("steps: 60 ", "steps: 61 "))
    pipeline = (other / dvc.FILE).read_text()
    (other / dvc.FILE).write_text(pipeline.replace("cmd: tailweight stage pretrain", "cmd: sleep 1000.5"))
    alone = environment(PREFECT_API_URL="")
    child = subprocess.Popen(
        ["tailweight", "run"], cwd=other, env=alone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    wait_for(lambda: stages_running(other), 120)
    child.send_signal(signal.SIGTERM)
    text = child.communicate(timeout=60)[0].decode()
    assert child.returncode == 130, text
    assert "go on with: tailweight run" in text
    wait_for(lambda: not stages_running(other), 20)
    run("git", "checkout", "--quiet", ".", cwd=other)
    run("dvc", "checkout", "--quiet", cwd=other)
    assert "all is up to date" in run("tailweight", "run", cwd=other)


def stages_running(project: Path) -> list[str]:
    """Return the command lines of the stages that run in `project`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            if words[:2] == ["sleep", "1000.5"] and os.readlink(folder / "cwd") == str(project):
                found.append(" ".join(words))
        except OSError:
            continue
    return found


def test_a_folder_called_pipelines_hides_nothing(tmp_path: Path) -> None:
    """The command finds its own packages, whatever lies where one stands."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/__init__.py").write_text("raise RuntimeError('not the one that was meant')")
    assert "params.yaml: no such file" in run("tailweight", "status", cwd=tmp_path, code=2)


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    """`tailweight --version` says name and version."""
    assert run("tailweight", "--version", cwd=tmp_path) == f"tailweight {version('tailweight')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_options_and_stages(tmp_path: Path, shell: str) -> None:
    """The script for each shell has every command, the options of `run` and the names of the stages."""
    script = run("tailweight", "completion", shell, cwd=tmp_path)
    assert all(word in script for word in ("verdicts", "completion", "log-level", "workers", "pretrain"))


def test_a_project_that_never_ran_says_so_in_a_line(broken: Path, tmp_path: Path) -> None:
    """Before the first run, `status` is one line and exit code 1, in JSON as well."""
    shutil.copytree(broken, tmp_path / "new", symlinks=True)
    (tmp_path / "new/dvc.lock").unlink(missing_ok=True)
    said = run("tailweight", "status", cwd=tmp_path / "new", code=1)
    assert said == "this project has never run, so every stage would: tailweight run\n"
    told = json.loads(run("tailweight", "status", "--json", cwd=tmp_path / "new", code=1))
    assert told == {"up_to_date": False, "never_run": True, "stages": []}


def documented(*command: str, cwd: Path, code: int = 0) -> dict:
    """Run a command that prints JSON; what it prints to stdout is that and nothing else."""
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_json_is_all_that_stdout_holds(finished: Path, broken: Path) -> None:
    """With --json each of run, status, params and verdicts prints one document, also where a stage found bad data."""
    ran = documented("tailweight", "run", "--json", cwd=finished)
    assert (ran["exit_code"], ran["ran"], ran["error"]) == (0, [], None)
    assert ran["report"] == "data/report/report.html"
    told = documented("tailweight", "verdicts", "--json", cwd=finished)
    assert told["classes"] == ran["classes"] and {one["class"] for one in told["classes"]} > {"tail", "lone"}
    assert documented("tailweight", "status", "--json", cwd=finished)["up_to_date"] is True
    assert documented("tailweight", "params", "--json", cwd=finished)["pretrain"]["steps"] == 60
    failed = documented("tailweight", "run", "--json", cwd=broken, code=2)
    assert failed["exit_code"] == 2 and "0 class(es) with usable images" in failed["error"]


@pytest.mark.parametrize("quiet", [[], ["--quiet"], ["--log-level", "warning"]])
def test_the_verdicts_are_said_also_where_all_is_up_to_date(finished: Path, quiet: list[str]) -> None:
    """Headline, a line for each class and the report are printed, under --quiet as well."""
    text = run("tailweight", "run", *quiet, cwd=finished)
    assert "nothing ships: 2 classes " in text and "test split used 1x" in text
    assert any(line.startswith("tail ") for line in text.splitlines())
    assert "report: data/report/report.html" in text


def test_a_device_reaches_the_stage_and_changes_no_hash(finished: Path, tmp_path: Path) -> None:
    """A stage refuses a device that is none, whoever calls it; with another device nothing is stale."""
    nowhere = {"TAILWEIGHT_DEVICE": "nowhere"}
    text = run("tailweight", "stage", "pretrain", cwd=finished, env=nowhere, code=2)
    assert "'nowhere' is no device" in text and text.count("\n") == 1
    assert "all is up to date" in run("tailweight", "run", "--device", "cpu", cwd=finished)


def test_sigterm_leaves_nothing_of_a_project_that_was_being_made(tmp_path: Path) -> None:
    """As Ctrl-C does: exit code 130, and no copy of the data beside the project."""
    write_classes(tmp_path / "images", {"a": 3, "b": 3})
    before = sorted(tmp_path.iterdir())
    command = ["tailweight", "init", "project", "--images", "images"]
    child = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for(lambda: list(tmp_path.glob(".project*/data/raw/*")), 60, every=0.01)
    child.send_signal(signal.SIGTERM)
    assert b"stopped" in child.communicate(timeout=60)[0] and child.returncode == 130
    assert sorted(tmp_path.iterdir()) == before


def test_the_project_may_be_named_after_the_command_too(finished: Path, tmp_path: Path) -> None:
    """`tailweight -C DIR status` and `tailweight status -C DIR` are the same."""
    for words in (["-C", str(finished), "status"], ["status", "-C", str(finished)]):
        assert run("tailweight", *words, cwd=tmp_path) == "all is up to date\n"
