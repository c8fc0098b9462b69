"""`params.yaml` is strict: what it says is used, and what it cannot say is refused by name."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from gan.settings import ExpertField, Settings
from pipelines.__main__ import main
from pipelines.driver import bounds, dag, params
from pipelines.errors import UserError


def write(folder: Path, text: str) -> Path:
    (folder / params.FILE).write_text(text)
    return folder


def yaml(text: str) -> dict:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("everything", [False, True])
def test_the_rendered_file_reads_back(everything: bool) -> None:
    """Rendering the values of a rendered file gives the same text."""
    values = {"seed": 7, "pretrain": {"learning_rate": 1e-5}}
    text = params.render(demo=True, values=values, everything=everything)
    assert params.render(demo=True, values=yaml(text), everything=everything) == text


def test_every_setting_can_be_shown_with_what_it_may_be() -> None:
    """All of them, each with its meaning and its bounds, whatever the kind of data."""
    text = params.render(demo=True, values={}, everything=True)
    for stage in dag.STAGES:
        for key, field in stage.settings.model_fields.items():
            group = text.split(f"\n{stage.name}:")[1]
            line = next(line for line in group.splitlines() if line.startswith(f"  {key}: "))
            assert field.description and field.description in line, f"{stage.name}.{key} has no description"
            assert bounds.in_words(field) in line
    assert "steps: 1200  # training steps; at least 1\n" in text


@pytest.mark.parametrize("values", [{}, {"prepare": {"label": "sick"}}])
def test_the_file_shows_about_two_dozen_settings(values: dict) -> None:
    """Those that people change; what differs from its default is shown in any case."""
    text = params.render(demo=False, values=values)
    count = sum(line.startswith("  ") for line in text.splitlines())
    assert 20 <= count <= 28
    assert "  ema: " not in text
    changed = params.render(demo=False, values={**values, "pretrain": {"ema": 0.1}})
    assert "  ema: 0.1" in changed
    assert sum(line.startswith("  ") for line in changed.splitlines()) == count + 1


def test_what_dvc_depends_on_by_name_is_never_hidden() -> None:
    """Each group has its line, and a setting that another stage takes is shown for every kind of data."""
    for values in ({}, {"prepare": {"label": "sick"}}):
        shown = yaml(params.render(demo=True, values=values))
        params.check(shown, demo=True)
        for stage in dag.STAGES:
            assert stage.name in shown or not stage.settings.model_fields
            for name, key in (path.split(".") for path in stage.borrows):
                assert key in shown[name]


def test_a_group_whose_settings_are_all_hidden_stays() -> None:
    """It is an empty mapping, which DVC can depend on; a setting that is added there makes it another value."""

    class Quiet(Settings):
        rate: float = ExpertField(default=0.5, description="of change")

    assert params._rendered("quiet", "none", Quiet(), None, False) == ["", "quiet: {}  # none"]
    assert params._rendered("quiet", "one", Quiet(rate=1), None, False) == [
        "",
        "quiet:  # one",
        "  rate: 1.0  # of change",
    ]


def test_the_schema_says_what_the_check_says() -> None:
    """A JSON schema that takes what is rendered, and refuses unknown names, values out of bounds and missing groups."""
    schema = json.loads(params.schema(demo=False))
    values = yaml(params.render(demo=False, values={}, everything=True))
    jsonschema.validate(values, schema)
    jsonschema.validate(yaml(params.render(demo=False, values={})), schema)
    for wrong in (
        {**values, "fliter": {}},
        {**values, "filter": {"treshold": "auto"}},
        {**values, "filter": {"threshold": "best"}},
        {**values, "pretrain": {"steps": 0}},
        {name: group for name, group in values.items() if name != "plan"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
        with pytest.raises(UserError):
            params.check(wrong, demo=False)


def test_a_project_shows_the_settings_of_its_kind_of_data() -> None:
    """Nothing of pixels beside a table and nothing of columns beside images, unless somebody has set it."""
    table = params.render(demo=False, values={"prepare": {"label": "sick"}})
    assert "  columns: " in table and "  constraints: " in table and "  factor: 1" in table
    assert "pixels" not in table.split("upscale:")[0] and "feature_weight" not in table
    images = params.render(demo=False, values={})
    assert "  image_size: " in images and "table:" not in images.replace("tables:", "")
    with pytest.raises(UserError, match="prepare is 'auto', expected settings"):
        params.render(demo=False, values={"prepare": "auto"})
    assert '  fit: "pad"' in params.render(demo=False, values={"prepare": {"label": "sick", "fit": "pad"}})


def written(folder: Path, text: str) -> dict:
    return params.read(write(folder, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filter: {treshold: auto}", "filter.treshold is not a setting; did you mean threshold?"),
        ("fliter: {threshold: auto}", "fliter is not a group of settings; did you mean filter?"),
        ("filter: {threshold: best}", "filter.threshold is 'best'"),
        ("pretrain: {steps: many}", "pretrain.steps is 'many'"),
        ("pretrain: {steps: -1}", "pretrain.steps is -1: input should be greater"),
        ("pretrain: {steps: 1.5}", "pretrain.steps is 1.5"),
        ("seed: soon", "seed is 'soon'"),
        ("filter: auto", "filter is 'auto'"),
        ("- a list", "expected settings"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    """One line names the setting, what it is, and what it may be."""
    with pytest.raises(UserError) as error:
        params.check(written(tmp_path, text), demo=True)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", params.MOVED)
def test_a_setting_that_has_moved_says_where_to(tmp_path: Path, path: str) -> None:
    """One line names the new place, which exists; `tailweight render` refuses the old place likewise."""
    name, key = path.split(".")
    stage, new = params.MOVED[path].split(".")
    assert new in dag.stage_named(stage).settings.model_fields
    with pytest.raises(UserError, match=f"{path} is now {stage}.{new}; move its line there") as error:
        params.check({"seed": 0, name: {key: 8}}, demo=False)
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=f"is now {stage}.{new}"):
        params.render(demo=False, values={name: {key: 8}})


def test_numbers_are_read_as_yaml_1_2_reads_them(tmp_path: Path) -> None:
    """1e-4 is a number, as DVC also thinks."""
    values = params.read(write(tmp_path, "pretrain: {learning_rate: 1e-4}"))
    assert params.group(dag.stage_named("pretrain"), values).learning_rate == 1e-4  # type: ignore[attr-defined]


def test_a_missing_group_is_named_before_dvc_trips_over_it(tmp_path: Path) -> None:
    """DVC depends on whole groups; `tailweight render` writes what is missing and keeps what is there."""
    with pytest.raises(UserError, match=r"prepare, .* missing.*tailweight render"):
        params.check(written(tmp_path, "seed: 0\nfilter: {threshold: auto}"), demo=False)
    params.check(written(tmp_path, params.render(demo=False, values={"seed": 3})), demo=False)


def test_a_missing_setting_that_other_stages_take_is_named() -> None:
    """DVC depends on it by its name, whether or not its group is there."""
    values = yaml(params.render(demo=False))
    values["upscale"] = {}
    with pytest.raises(UserError, match=r"upscale\.factor missing.*tailweight render"):
        params.check(values, demo=False)


def test_classifiers_are_refused_before_anything_runs(tmp_path: Path) -> None:
    """A name that no classifier has, and a path outside the packages of estimators, are found at once."""
    with pytest.raises(UserError, match=r"evaluate\.classifiers\.0 is 'svm'"):
        params.check(written(tmp_path, "evaluate: {classifiers: [svm]}"), demo=False)
    with pytest.raises(UserError, match=r"'pathlib\.path' is not the path of a class of sklearn"):
        params.check(written(tmp_path, "evaluate: {estimators: {pathlib.Path: {}}}"), demo=False)


@pytest.mark.parametrize("command", ["params", "status", "run", "render"])
@pytest.mark.parametrize("path", ["subprocess.Popen", "os.mkdir", "sklearn.utils._bunch.Bunch", "sklearn"])
def test_settings_run_no_code(tmp_path: Path, path: str, command: str) -> None:
    """Whatever is named as an estimator is not called, and outside of the known packages not even imported."""
    (tmp_path / "called").mkdir()
    arguments = {"args": ["rmdir", str(tmp_path / "called")]} if path == "subprocess.Popen" else {"path": "made"}
    write(tmp_path, json.dumps({"seed": 0, "evaluate": {"estimators": {path: arguments}}}))
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(tmp_path), command])
    assert ended.value.code == 2
    assert [found.name for found in tmp_path.iterdir() if found.name != params.FILE] == ["called"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"prepare": {"label": "sick"}, "evaluate": {"classifiers": ["convnet"]}},
            "evaluate.classifiers names convnet, which is for images",
        ),
        ({"prepare": {"label": "", "columns": {"x": "numeric"}}}, "prepare.label is empty"),
        ({"prepare": {"label": "sick", "group": "sick"}}, "prepare.group and prepare.label both name 'sick'"),
    ],
)
def test_settings_of_a_table_that_contradict_each_other_are_refused(tmp_path: Path, values: dict, said: str) -> None:
    """Before anything runs, with the key to change."""
    with pytest.raises(UserError, match=re.escape(said)):
        params.check(written(tmp_path, params.render(demo=False, values=values)), demo=False)


@pytest.mark.parametrize(
    ("relation", "said"),
    [
        ("{kind: sums, parts: [a]}", ".0 is {'kind': 'sums', 'parts': ['a']}: input tag 'sums' found using 'kind'"),
        ("{parts: [a]}", ".0 has no kind"),
        ("{kind: sum, parts: [a, b]}", ".0.sum is"),
        ("{kind: sum, parts: a, total: b}", ".0.sum.parts is 'a': input should be a valid list"),
        ("{kind: order, low: a}", ".0.order.high is missing"),
        ("{kind: order, low: a, high: b, strickt: true}", ".0.order.strickt is not a setting"),
        ("{kind: decides, column: a, decides: []}", ".0.decides.decides is []: list should have at least 1 item"),
        ("{kind: order, low: a, high: bb}", ".0 names the column 'bb', which is not there; did you mean b?"),
        ("{kind: order, low: a, high: sick}", ".0 names 'sick', the column of the class, which is not generated"),
        ("{kind: order, low: who, high: b}", ".0 names 'who', the column of the group, which is not generated"),
        ("a", ".0 is 'a': input should be a valid dictionary"),
    ],
)
def test_a_bad_relation_is_refused_before_anything_runs(tmp_path: Path, relation: str, said: str) -> None:
    """One line says which one, and what is wrong with it or what it may be."""
    prepare = {"label": "sick", "group": "who", "columns": {"a": "integer", "b": "integer"}}
    values = yaml(params.render(demo=False, values={"prepare": prepare})) | yaml(
        f"generate: {{relations: [{relation}]}}"
    )
    with pytest.raises(UserError) as error:
        params.check(values, demo=False)
    assert str(error.value).startswith("params.yaml: ") and "\n" not in str(error.value)
    assert f"generate.relations{said}" in str(error.value)


def test_relations_are_for_tables() -> None:
    """Beside images a relation is refused, not passed over."""
    values = yaml(params.render(demo=False)) | yaml("generate: {relations: [{kind: order, low: a, high: b}]}")
    with pytest.raises(UserError, match=r"generate\.relations\.0 speaks of the columns of a table"):
        params.check(values, demo=False)


def test_class_names_may_be_numbers(tmp_path: Path) -> None:
    """YAML reads a class called 1 as a number; a strategy by class takes it as the name that it is."""
    values = params.read(write(tmp_path, "plan: {sampling_strategy: {1: 50}}"))
    assert params.group(dag.stage_named("plan"), values).sampling_strategy == {"1": 50}  # type: ignore[attr-defined]


def test_changed_settings_are_those_that_differ_from_their_default() -> None:
    """By group and key, whatever else the file says."""
    values = {"seed": 5, "train": {"steps": 7, "faithful": 10.0}, "evaluate": {"repeats": 5}, "report": {"title": "x"}}
    found = params.changed(values)
    assert found["train.steps"] == 7 and "evaluate.repeats" not in found and "seed" not in found
