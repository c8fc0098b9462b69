"""The flow on a schedule, with a real Prefect server and worker."""

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from pipelines import files
from pipelines.commands import deploy
from pipelines.driver import dag, params
from tests.conftest import QUICK, environment, run
from tests.processes import ask, end, wait_for

NOBODY = {"PREFECT_API_URL": "http://127.0.0.1:1/api"}  # an address at which nobody answers


def test_without_a_server_deploy_says_how_to_start_one(finished: Path) -> None:
    """One line with the two commands; nothing is written."""
    text = run("tailweight", "deploy", "--cron", "0 3 * * *", cwd=finished, env={"PREFECT_API_URL": ""}, code=2)
    assert "prefect server start" in text and "PREFECT_API_URL" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("cron", ["daily", "99 3 * * *"])
def test_a_cron_expression_that_is_none_is_refused(finished: Path, cron: str) -> None:
    """The line shows what was given and an example."""
    text = run("tailweight", "deploy", "--cron", cron, cwd=finished, env=NOBODY, code=2)
    assert repr(cron) in text and "0 3 * * *" in text


def test_a_server_that_does_not_answer_is_named(finished: Path) -> None:
    """The line says which address was tried."""
    text = run("tailweight", "deploy", "--cron", "0 3 * * *", cwd=finished, env=NOBODY, code=2)
    assert "http://127.0.0.1:1/api" in text and "is it running?" in text
    assert run("git", "status", "--porcelain", cwd=finished) == ""


def test_a_deployment_says_what_it_is_for() -> None:
    """Its description and tags name the project; a version is there once there is a server to tell it to."""
    (told,) = deploy.definition("nightly", project="shoes", version="0.1.0+12ab34cd")["deployments"]
    assert (
        "shoes" in told["description"]
        and told["tags"] == ["tailweight", "shoes"]
        and told["version"] == "0.1.0+12ab34cd"
    )
    assert "version" not in deploy.definition("nightly", project="shoes")["deployments"][0]


def test_two_projects_of_one_name_have_artifacts_of_their_own() -> None:
    """The key of an artifact has the folder's name and a hash of where it lies, in letters that Prefect takes."""
    from pipelines.driver import flow  # loads Prefect, which looks for its home then

    one, two = (flow.artifact_key(Path(place) / "My shoes", "verdicts") for place in ("/a", "/b"))
    assert one != two and one.startswith("my-shoes-") and one.endswith("-verdicts")


@pytest.mark.slow
def test_the_schedule_fires_and_its_artifacts_can_be_read(finished: Path, tmp_path: Path, server: str) -> None:
    """A worker runs what the schedule asks for, and its first verdict is an event; the second firing finds nothing to do."""
    project = tmp_path / "scheduled"
    run("git", "clone", "--quiet", str(finished), str(project), cwd=tmp_path)
    run("dvc", "config", "--local", "cache.dir", str(finished / ".dvc/cache"), cwd=project)
    run("dvc", "checkout", "--quiet", cwd=project)
    shutil.rmtree(project / "data/evaluation")  # there is no verdict yet
    changed = {**QUICK, "filter": {"threshold": "probability"}}
    (project / params.FILE).write_text(params.render(demo=False, values=changed))
    said = run("tailweight", "deploy", "--cron", "* * * * *", cwd=project)
    assert "worker start --pool tailweight" in said
    assert files.read_yaml(project / "prefect.yaml")["deployments"][0]["schedules"][0]["cron"] == "* * * * *"
    run(sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", cwd=project)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "tailweight"]
    with open(tmp_path / "worker.log", "w") as log:
        worker = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=log, stderr=log)
        try:
            done = wait_for(lambda: finished_runs(server, 2), 400, every=3)
        finally:
            end(worker)
    assert [found["state"]["type"] for found in done] == ["COMPLETED", "COMPLETED"], (
        tmp_path / "worker.log"
    ).read_text()
    first, second = (artifacts_of(server, each["id"]) for each in done)
    from pipelines.driver import flow

    key = partial(flow.artifact_key, project)
    assert key("stages") not in second
    ran = {row["stage"] for row in json.loads(first[key("stages")]["data"])}
    assert {"filter", "evaluate", "release", "report"} >= ran >= {"filter", "evaluate"}
    assert "tail" in first[key("verdicts")]["data"]
    assert first[key("samples")]["data"].startswith("data:image/png;base64,")
    assert first[key("summary")]["data"].startswith("# ")
    assert (project / "data/report/report.html").as_uri() in first[key("report")]["data"]
    assert done[0]["name"].startswith("scheduled: nothing ships: ") and "nothing ships" in done[0]["state"]["message"]
    assert {"tailweight", "scheduled"} <= set(done[0]["tags"])
    sent = [
        each for each in events_of(server, flow.CHANGED) if each["resource"]["prefect.resource.name"] == project.name
    ]
    assert [each["payload"]["classes"]["tail"] for each in sent] == [[None, "hold"]]
    (deployed,) = ask(server, "/deployments/filter", {})  # type: ignore[misc]
    assert deployed["version"].startswith("0.") and "scheduled" in deployed["description"]
    run("tailweight", "status", cwd=project)


SCHEDULED = {"sort": "START_TIME_ASC", "limit": 50, "flow_runs": {"deployment_id": {"is_null_": False}}}


def finished_runs(server: str, count: int) -> list[dict] | None:
    """Return the first `count` flow runs in order once they have ended; runs cancelled for coming too soon aside."""
    found = ask(server, "/flow_runs/filter", SCHEDULED)
    ended = [each for each in found if each["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED")]  # type: ignore[attr-defined]
    return ended[:count] if len(ended) >= count else None


def events_of(server: str, name: str) -> list[dict]:
    """Return the events of a name that the server knows."""
    return list(ask(server, "/events/filter", {"filter": {"event": {"name": [name]}, "order": "ASC"}})["events"])


def artifacts_of(server: str, flow_run: str) -> dict[str, dict]:
    """Return the artifacts that one flow run left, by key."""
    body = {"artifacts": {"flow_run_id": {"any_": [flow_run]}}, "limit": 100}
    return {found["key"]: found for found in ask(server, "/artifacts/filter", body)}  # type: ignore[attr-defined]


ANNOUNCE = """
from pathlib import Path
from pipelines.driver import flow, summary

def found(verdict):
    one = summary.Finding("tail", verdict, 6, 0, 0, None, None, None, [], None)
    return summary.Summary(verdict, "", [one], 1, None)

flow.announce(Path("shoes"), found("hold"), found("ship"))
flow.announce(Path("same"), found("hold"), found("hold"))
"""


def test_a_verdict_that_changes_is_an_event_that_an_automation_acts_on(server: str, tmp_path: Path) -> None:
    """The automation is that of the examples, with nothing to do in place of a message; the same verdict is no event."""
    automation = files.read_yaml(dag.SOURCE / "examples/notify.yaml") | {"actions": [{"type": "do-nothing"}]}
    files.write_yaml(tmp_path / "notify.yaml", automation)
    run(sys.executable, "-m", "prefect", "automation", "create", "--from-file", "notify.yaml", cwd=tmp_path)
    run(sys.executable, "-c", ANNOUNCE, cwd=tmp_path)
    (told,) = wait_for(lambda: events(server, "tailweight.verdict.changed"), 60)
    assert told["payload"]["classes"] == {"tail": ["hold", "ship"]}
    assert told["resource"]["prefect.resource.name"] == "shoes"
    (acted,) = wait_for(lambda: events(server, "prefect.automation.triggered"), 60)
    assert acted["resource"]["prefect.resource.name"] == "tailweight verdicts"


def events(server: str, name: str) -> list[dict]:
    """Return the events of one name that the server has seen."""
    return ask(server, "/events/filter", {"filter": {"event": {"name": [name]}}})["events"]
