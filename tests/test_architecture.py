"""The house keeps its shape: who may import whom, and what is rendered is current."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from pipelines import files
from pipelines.driver import dag, dvc, params
from tests.architecture import DOCUMENT, ROOT, rendered

MODULES = sorted([*(ROOT / "gan").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")])


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def users_of(package: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if any(name == package or name.startswith(package + ".") for name in imports(path))
    }


def test_gan_knows_no_pipeline() -> None:
    """The core imports nothing of the pipeline, of YAML, Prefect or DVC."""
    for package in ("pipelines", "ruamel", "yaml", "prefect", "dvc"):
        assert not {path for path in users_of(package) if path.startswith("gan/")}


RANKS = {
    "ingest": 1,
    "likeness": 1,
    "evaluation": 2,
    "report": 2,
    "stages": 3,
    "review": 3,
    "driver": 4,
    "commands": 5,
    "__main__": 6,
}


def room(module: str) -> str:
    """Return the room of `pipelines` that a module lies in, "" for the shared vocabulary at its root."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in RANKS else ""


def test_pipelines_import_downwards_only() -> None:
    """A module of `pipelines` imports from its own room and from those below it."""
    for path in (path for path in MODULES if "pipelines" in path.parts):
        own = room(module_of(path))
        others = {room(name) for name in imports(path) if name.startswith("pipelines.")} - {own}
        assert all(RANKS.get(other, 0) < RANKS.get(own, 0) for other in others), f"{path} imports from {others}"


def module_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def test_nothing_imports_in_a_circle() -> None:
    """No module is needed, through others, by what it imports; imports inside functions count as well."""
    names = {module_of(path): path for path in MODULES if module_of(path) != "gan"}  # it loads one class when asked
    needs = {name: (imports(path) & names.keys()) - parents(imports(path)) for name, path in names.items()}
    while leaves := {name for name, others in needs.items() if not others & needs.keys()}:
        needs = {name: others for name, others in needs.items() if name not in leaves}
    assert not needs, f"a circle among {sorted(needs)}"


def parents(modules: set[str]) -> set[str]:
    """Return the folders of the modules: `from gan import seeds` needs the module, not what its folder says."""
    return {name.rsplit(".", 1)[0] for name in modules if (ROOT / f"{name.replace('.', '/')}.py").is_file()}


def test_the_kind_of_data_is_asked_of_one_attribute() -> None:
    """No `isinstance` on codecs, arrays or frames in the core but where a kind is made, none in the pipeline but where a
    file is read: elsewhere the codec or `kind` answers.
    """
    allowed = ("gan/modalities/", "gan/over_sampler.py", "pipelines/ingest/")
    asked = re.compile(r"isinstance\([^()]*, [^()]*(Codec|DataFrame|ndarray)\b|if .*image_shape is|kinds else")
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        found = asked.search(path.read_text(encoding="utf-8"))
        assert found is None or name.startswith(allowed), f"{name}: {found}"


def test_the_first_level_of_pipelines_stays_small() -> None:
    """At most 15 rooms: files and folders."""
    rooms = [path for path in (ROOT / "pipelines").iterdir() if path.name != "__pycache__" and path.name != "py.typed"]
    assert len(rooms) <= 15, sorted(path.name for path in rooms)


def test_the_map_names_every_file() -> None:
    """`docs/architecture.md` has the first sentence of every module; `python -m tests.architecture` writes it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == rendered(text)


def test_the_measurement_knows_no_gan_networks() -> None:
    """It takes samples from anywhere: of the core it knows what is common to all that computes."""
    allowed = (
        "gan.seeds", "gan.settings", "gan.kinds", "gan.progress", "gan.device", "gan.eager", "gan.states", "gan.repeats",
    )  # fmt: skip
    for path in [*(ROOT / "pipelines/evaluation").rglob("*.py"), *(ROOT / "pipelines/likeness").rglob("*.py")]:
        ours = {name for name in imports(path) if name.startswith("gan.")}
        assert all(name.startswith(allowed) for name in ours), path


def test_stages_know_neither_order_nor_each_other() -> None:
    """A stage is a function of paths and settings: it imports no other stage."""
    for path in (ROOT / "pipelines/stages").glob("*.py"):
        assert not {name for name in imports(path) if name.startswith("pipelines.stages")}, path


def test_only_evaluate_reads_the_test_split() -> None:
    """No other stage has the test split, or the folder that it lies in, among its inputs."""
    readers = {
        stage.name
        for stage in dag.STAGES
        for path in stage.reads.values()
        if "data/prepared/test.parquet".startswith(path)
    }
    assert readers == {"evaluate"}


def test_three_modules_import_prefect_and_none_imports_dvc() -> None:
    """DVC is called as a command by one module; Prefect is loaded by the flow, what starts its server, and `deploy`."""
    assert users_of("prefect") == {
        f"pipelines/{name}.py" for name in ("driver/flow", "driver/server", "commands/deploy")
    }
    assert users_of("dvc") == set()


def test_only_the_review_has_a_server() -> None:
    """The server's packages are imported by one room, and no stage needs it."""
    for package in ("starlette", "uvicorn"):
        assert all(path.startswith("pipelines/review/") for path in users_of(package))
    assert not [path for stage in dag.STAGES for path in stage.code if path.startswith("pipelines/review/")]


def test_what_is_rendered_is_current() -> None:
    """The committed files are what `tailweight render` would write."""
    assert (ROOT / "dvc.yaml").read_text(encoding="utf-8") == dvc.render(demo=True, values=params.read(ROOT))
    assert (ROOT / "params.yaml").read_text(encoding="utf-8") == params.render(demo=True, values=params.read(ROOT))
    assert files.read_yaml(ROOT / dvc.CODE) == dvc.code_hashes(demo=True)


def test_the_lock_names_the_stages_of_the_plan() -> None:
    """`dvc.lock` has every stage of the committed plan, once for each class where it runs so, and no other."""
    from pipelines.plan import Plan

    slugs = Plan.load(ROOT / dag.PLAN).classes
    expected = {stage.name_for(slug) for stage in dag.STAGES for slug in (slugs if stage.per_class else [None])}
    assert set(files.read_yaml(ROOT / "dvc.lock")["stages"]) == expected


def test_a_stage_depends_on_the_code_it_loads() -> None:
    """Running a stage's imports in a fresh process loads no module of ours that DVC does not know of."""
    for stage in map(dag.stage_named, ("train", "filter", "baseline", "evaluate")):
        ours = "[name for name in sys.modules if name.startswith(('gan.', 'pipelines.'))]"
        code = f"import sys, pipelines.stages.{stage.name}; print(*{ours})"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        files_loaded = {path for name in set(loaded) if (path := dag._file_of(name)) and has_code(ROOT / path)}
        assert files_loaded <= set(stage.code), stage.name


def test_settings_are_read_without_heavy_libraries() -> None:
    """Every command asks all stages for their settings: they are there before torch, scikit-learn or a plotter are."""
    heavy = "[name for name in ('torch', 'sklearn', 'scipy', 'matplotlib', 'prefect', 'dvc') if name in sys.modules]"
    code = (
        f"import sys; from pipelines.driver import dag, params; [one.settings for one in dag.STAGES]; print(*{heavy})"
    )
    assert not subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def has_code(path: Path) -> bool:
    """Say whether a module has more than a docstring and imports of types."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)


def test_the_docs_describe_every_stage() -> None:
    """The table of stages in `docs/method.md` is the table of stages."""
    text = (ROOT / "docs/method.md").read_text(encoding="utf-8")
    for stage in dag.stages(demo=False):
        assert f"| {stage.name} | {'class' if stage.per_class else 'data set'} | {stage.about} |" in text
