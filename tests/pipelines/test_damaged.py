"""Bad and damaged inputs, many of each sort: each gets one line that names the file, and nothing is changed."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy
from PIL import Image

from gan import GANOverSampler, checkpoint, states
from pipelines import files
from pipelines.__main__ import main
from pipelines.driver import lock, params
from pipelines.errors import SettingError
from pipelines.evaluation import judged
from pipelines.ingest import image_sources, table_rows, table_sources
from pipelines.ingest.image_files import UnreadableImage, to_square
from pipelines.plan import ClassPlan, Plan
from pipelines.samples import Candidates, Samples, decisions, release
from tests.conftest import one_line, unchanged, write_classes

# Files of ours.


def images() -> Samples:
    return Samples(np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1), np.array([0, 1, 0, 1]), np.array(list("abcd")))


def rows() -> Samples:
    frame = pd.DataFrame({"x": [1.5, 2.5, None, 4.0], "y": list("abca")})
    return Samples(frame, np.array([0, 1, 0, 1]), np.array(list("abcd")), "table", {"x": "numeric", "y": "categorical"})


def candidates(of: Samples) -> Candidates:
    return Candidates(of.values, pd.DataFrame({"id": of.ids, "class": "a", "seed": range(4)}), of.kind)


def write_release(path: Path, of: Samples) -> None:
    release.assemble([release.real_rows(of, "train", ["a", "b"], pd.DataFrame(columns=["group"]))]).to_parquet(path)


def write_checkpoint(path: Path) -> None:
    sampler = GANOverSampler(steps=1, width=4, random_state=0)
    sampler.fit_resample(np.random.default_rng(0).normal(size=(30, 2)), np.repeat([0, 1], [22, 8]))
    checkpoint.save(next(iter(sampler.gans_.values())), path)


def write_state(path: Path) -> None:
    states.write(states.State({"weights": np.arange(50.0)}, {"step": 3}), path, durable=False)


def read_state(path: Path) -> object:
    try:
        return states.read(path)
    except states.DamagedState as error:  # `States` leaves it out with a line that names it
        raise checkpoint.CheckpointError(f"{path}: {error}") from None


FORMS: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "samples of images": (lambda path: images().save(path), Samples.load),
    "samples of a table": (lambda path: rows().save(path), Samples.load),
    "candidates of images": (lambda path: candidates(images()).save(path), Candidates.load),
    "candidates of a table": (lambda path: candidates(rows()).save(path), Candidates.load),
    "release of images": (lambda path: write_release(path, images()), lambda path: release.read(path, "images")),
    "release of a table": (lambda path: write_release(path, rows()), lambda path: release.read(path, "table")),
    "state": (write_state, read_state),
}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda good: b"",
    "one byte": lambda good: good[:1],
    "a tenth": lambda good: good[: len(good) // 10],
    "half": lambda good: good[: len(good) // 2],
    "nine tenths": lambda good: good[: len(good) * 9 // 10],
    "without the last byte": lambda good: good[:-1],
    "zeros": lambda good: bytes(len(good)),
    "text": lambda good: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "a page of a proxy": lambda good: b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "noise": lambda good: np.random.default_rng(0).bytes(max(len(good), 64)),
}


@cache
def written(form: str, folder: Path) -> bytes:
    path = folder / "good"
    FORMS[form][0](path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_file_of_ours_is_named(form: str, damage: str, made: Path, tmp_path: Path) -> None:
    """Cut anywhere, or something else in its place; undamaged it is read."""
    path = tmp_path / "it"
    path.write_bytes(written(form, made))
    FORMS[form][1](path)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with unchanged(tmp_path):
        assert str(path) in one_line(lambda: FORMS[form][1](path))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("trained") / "model"
    write_checkpoint(path)
    checkpoint.load(path)
    return path.read_bytes()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_named(damage: str, trained: bytes, tmp_path: Path) -> None:
    """No half of a network is taken for one."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(DAMAGES[damage](trained))
    with unchanged(tmp_path):
        assert str(path) in one_line(lambda: checkpoint.load(path))


DESCRIBED = {
    "format": {"format": 99},
    "network": {"network": "os.system"},
    "sizes": {"sizes": {"size": 10**9}},
    "more sizes": {"sizes": {"channels": 1, "size": 8, "classes": 1, "width": 10**9, "noise_dim": 1}},
    "list of sizes": {"sizes": [1, 2]},
    "codec": {"codec": {"kind": "pickle"}},
    "no codec": {"codec": None},
    "policy": {"policy": {"code": "x"}},
    "health": {"health": 3},
}


@pytest.mark.parametrize("case", DESCRIBED)
def test_a_model_that_describes_itself_wrongly_is_named(case: str, trained: bytes, tmp_path: Path) -> None:
    """Foreign, too large or of another shape: a line, before anything is made of it."""
    path = tmp_path / "model.safetensors"
    length = struct.unpack("<Q", trained[:8])[0]
    about = json.loads(json.loads(trained[8 : 8 + length])["__metadata__"][checkpoint.KEY])
    metadata = {checkpoint.KEY: json.dumps(about | DESCRIBED[case])}
    path.write_bytes(safetensors.numpy.save(safetensors.numpy.load(trained), metadata))
    assert str(path) in one_line(lambda: checkpoint.load(path))


def foreign(path: Path, notes: dict[str, Any], **columns: Any) -> None:
    table = pa.table(columns).replace_schema_metadata({b"tailweight": json.dumps(notes).encode()})
    pq.write_table(table, path)


SHAPES: dict[str, dict[str, Any]] = {
    "no label": {"notes": {"kind": "images", "columns": {}}, "id": ["a"]},
    "no values": {"notes": {"kind": "images", "columns": {}}, "id": ["a"], "label": [0]},
    "labels that are text": {"notes": {"kind": "table", "columns": {}}, "id": ["a"], "label": ["x"], "value.x": [1]},
    "no kind": {"notes": {"columns": {}}, "id": ["a"], "label": [0], "value.x": [1]},
    "a kind that is none": {"notes": {"kind": 3, "columns": {}}, "id": ["a"], "label": [0]},
    "no columns": {"notes": {"kind": "table"}, "id": ["a"], "label": [0], "value.x": [1]},
    "a list": {"notes": [1], "id": ["a"], "label": [0]},
    "no shape": {"notes": {"kind": "images", "columns": {}}, "id": ["a"], "label": [0], "array": [b"1234"]},
    "another shape": {
        "notes": {"kind": "images", "columns": {}, "shape": [9, 9, 1], "dtype": "|u1"},
        "id": ["a"],
        "label": [0],
        "array": pa.array([b"1234"], pa.binary(4)),
    },
    "objects": {
        "notes": {"kind": "images", "columns": {}, "shape": [1], "dtype": "|O"},
        "id": ["a"],
        "label": [0],
        "array": pa.array([b"12345678"], pa.binary(8)),
    },
}


@pytest.mark.parametrize("case", SHAPES)
def test_samples_of_another_shape_are_named(case: str, tmp_path: Path) -> None:
    """A whole Parquet file whose content is not what it should be."""
    path = tmp_path / "train.parquet"
    foreign(path, **SHAPES[case])
    assert str(path) in one_line(lambda: Samples.load(path))


TEXTS: dict[str, tuple[Callable[[Path], object], list[bytes]]] = {
    "plan.yaml": (
        Plan.load,
        [b"3", b"text", b"- a", b"classes: 3", b"classes: [a]", b"classes: {a: 3}", b"classes: {a: {", b"\xff\xfe",
         b"counts: {a: many}", b"a: *nothing", b"\x00", b"classes: {a: {slug: a}}"],
    ),
    "classes.json": (files.read_json, [b"", b"{", b"[]", b"3", b"null", b'"a"', b'{"a": 1,}', b"\xff", b"{'a': 1}", b"<html>"]),
    "judged.json": (judged.read, [b"", b"{", b"[]", b"3", b'{"a": {}}', b'{"a": "b"}', b"\xff", b"NaN"]),
    "review.jsonl": (
        decisions.read,
        [b"{", b"[]", b"3", b"text", b'{"when": 1}', b"{}", b"\xff\xfe", b"\x00", b'{"when": "a", "who": "b"}\n'],
    ),
    "params.yaml": (
        lambda path: params.read(path.parent),
        [b"", b"3", b"- a", b"a: [", b"a: 1\na: 2", b"\xff\xfe", b"!!python/name:os.system", b"text", b"a: b: c", b"\x00",
         b"a: *b", b"%YAML 9.9\n---\na", b"a: &a\n  b: *c"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"), [(name, content) for name, (_, contents) in TEXTS.items() for content in contents]
)
def test_damaged_text_of_ours_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    """YAML, JSON and lines of it: cut, of another shape, in another encoding, with tags."""
    path = tmp_path / name
    path.write_bytes(content)
    with unchanged(tmp_path):
        assert str(path) in one_line(lambda: TEXTS[name][0](path))


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The cases above are refused for what is wrong with them; a hash that could be a number stays text."""
    parts = [{"value": "01", "train_samples": 2, "needed": 1}, {"value": "", "train_samples": 3, "needed": 0}]
    own = {"label": "a", "samples": "12e345678901", "balance": "no", "subgroups": parts}
    fields = dict.fromkeys(ClassPlan.model_fields, 1) | own
    plan = Plan(classes={"a": ClassPlan.model_validate(fields)})
    plan.save(tmp_path / "plan.yaml")
    assert Plan.load(tmp_path / "plan.yaml") == plan


# Settings.

SETTINGS: list[tuple[str, Any]] = [
    ("seed", "a"), ("seed", 1.5), ("seed", True), ("seed", None), ("seed", [0]),
    ("prepare", 3), ("prepare", [1]), ("prepare", "a"),
    ("prepare.image_size", "28"), ("prepare.image_size", 7), ("prepare.image_size", 129), ("prepare.image_size", 28.5),
    ("prepare.image_size", None), ("prepare.fit", "trim"), ("prepare.test_share", 0), ("prepare.test_share", 1),
    ("prepare.test_share", float("nan")), ("prepare.validation_share", -0.1), ("prepare.validation_share", "a"),
    ("prepare.label", 3), ("prepare.columns", [1]), ("prepare.columns", {"a": "colour"}), ("prepare.columns", {3: "numeric"}),
    ("prepare.columns", {"a": "numeric"}), ("prepare.drop_duplicates", "yes"), ("prepare.imagesize", 28),
    ("plan.min_samples", -1), ("plan.min_samples", "few"), ("plan.sampling_strategy", "all of them"),
    ("pretrain.network", "gpt"), ("pretrain.width", 10**9), ("pretrain.width", 3), ("pretrain.width", "16"),
    ("pretrain.steps", 0), ("pretrain.steps", -1), ("pretrain.steps", 1.5), ("pretrain.steps", float("inf")),
    ("pretrain.learning_rate", 0), ("pretrain.learning_rate", "fast"), ("pretrain.learning_rate", float("nan")),
    ("pretrain.sampling_power", 1.1), ("pretrain.starts", "anywhere"), ("pretrain.noise_dim", 10**9),
    ("pretrain.batch_size", 1), ("pretrain.batch_size", True), ("pretrain.ema", 0), ("pretrain.gamma", -1),
    ("train.network", "mlp"), ("train.steps", -1), ("train.step", 5),
    ("generate.candidates_per_sample", 0), ("generate.candidates_per_sample", "many"), ("generate.oversampling", 2),
    ("generate.constraints", "x > 1"), ("generate.constraints", [1]), ("generate.constraints", [{"kind": "magic"}]),
    ("generate.constraints", [{"kind": "range"}]),
    ("generate.constraints", [{"kind": "expression", "expression": "__import__('os')"}]),
    ("generate.relations", [{"kind": "gap"}]), ("generate.relations", 3),
    ("filter.acceptance", 0), ("filter.acceptance", 1.5), ("filter.acceptance", "most"), ("filter.treshold", 1),
    ("evaluate.repeats", 0), ("evaluate.folds", 1), ("evaluate.classifiers", ["gpt"]), ("evaluate.classifiers", "forest"),
    ("evaluate.classifiers", [3]), ("evaluate.doses", [-1.0]), ("evaluate.doses", "half"),
    ("evaluate.estimators", [1]), ("evaluate.estimators", {"subprocess.Popen": 3}),
    ("gate.enforce", "maybe"), ("gate.enfroce", True), ("resume.time_share", 2), ("resume.time_share", "some"),
    ("report.title", 3), ("review", {"who": "me"}), ("nothing", {}), ("pretrian", {"steps": 1}), ("", {}), ("a\nb", 1),
    ("prepare.a\nb", 1), ("x" * 1000, 1), ("prepare." + "x" * 1000, 1), ("prepare.fit", "x" * 1000),
    ("prepare.label", ["x" * 1000]), ("evaluate.classifiers", ["x\ny" * 400]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_a_wrong_setting_is_named(name: str, value: Any) -> None:
    """Of a wrong type, out of its bounds, or unknown: the line has its name."""
    values = params.all_values(demo=False, values={})
    params.check(values, demo=False)
    group, _, key = name.partition(".")
    values = values | {group: {**(values.get(group) or {}), key: value} if key else value}
    with pytest.raises(SettingError):
        params.check(values, demo=False)
    assert " ".join(name.split())[:60] in one_line(lambda: params.check(values, demo=False))


# Tables.

BAD_TABLES: dict[str, bytes] = {
    "empty": b"",
    "a line break": b"\n",
    "spaces": b"   \n  \n",
    "a head alone": b"x,label\n",
    "one column": b"label\na\nb\n",
    "no such column": b"x,y\n1,2\n3,4\n",
    "no head": b"1,2\n3,4\n",
    "a name twice": b"x,x,label\n1,2,a\n3,4,b\n",
    "a name twice but for spaces": b"x, x,label\n1,2,a\n3,4,b\n",
    "the label twice": b"label,x,label\na,1,a\nb,2,b\n",
    "an open quote": b'x,label\n"1,a\n2,b\n',
    "too many cells": b"x,label\n1,a\n2,b,3,4,5\n",
    "too many everywhere": b"x,label\n1,a,2\n2,b,3\n",
    "zeros": bytes(100),
    "a zip": b"PK\x03\x04" + bytes(50),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "a workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50),
    "half UTF-16": "x,label\n1,a\n2,b\n".encode("utf-16")[:-3],
    "UTF-32": "x,label\n1,a\n2,b\n".encode("utf-32"),
    "two encodings": "x,label\n1,ä\n".encode() + "2,ö\n".encode("cp1252"),
    "one class": b"x,label\n1,a\n2,a\n",
    "no class": b"x,label\n1,\n2,\n",
    "a class a row": b"x,label\n" + b"".join(b"1,c%d\n" % n for n in range(200)),
    "infinite": b"x,label\n1,a\ninf,b\n2,a\n",
    "infinite below": b"x,label\n1,a\n-inf,b\n2,a\n",
    "a huge exponent": b"x,label\n1,a\n1e999,b\n2,a\n",
    "a very long cell": b"x,label\n1,a\n" + b"z" * 200_000 + b",b\n",
    "classes that differ in case": b"x,label\n1,a\n2,A\n3,a\n4,A\n",
    "a page": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "JSON": b'[{"x": 1, "label": "a"}, {"x": 2, "label": "b"}]',
    "a link of git": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_csv_that_is_no_table_is_named(case: str, tmp_path: Path) -> None:
    """As `init --table` and the stage `prepare` read it."""
    path = tmp_path / "table.csv"
    path.write_bytes(BAD_TABLES[case])

    def read() -> None:
        frame, _ = table_rows.load(tmp_path, "label", "")
        kinds = dict.fromkeys(frame.columns.drop("label", errors="ignore"), "numeric")
        table_rows.check(tmp_path, table_rows.Columns("label", "", kinds), lambda *_: None)

    with unchanged(tmp_path):
        one_line(read)


BAD_FRAMES: dict[str, Any] = {
    "lists": {"x": [[1], [2]]},
    "mappings": {"x": [{"a": 1}, {"a": 2}]},
    "bytes": {"x": [b"a", b"b"]},
    "times": {"x": pa.array([1, 2], pa.duration("s"))},
    "times of day": {"x": pa.array([1, 2], pa.time32("s"))},
    "infinite": {"x": [1.0, float("inf")]},
    "no rows": {"x": pa.array([], pa.int64())},
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_a_parquet_file_without_plain_columns_is_named(case: str, tmp_path: Path) -> None:
    """The column that is not plain is named."""
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table(BAD_FRAMES[case]), path)
    assert str(path) in one_line(lambda: table_sources.read(path))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_parquet_file_is_named(damage: str, tmp_path: Path) -> None:
    """Cut anywhere, or another file under its name."""
    path = tmp_path / "table.parquet"
    pd.DataFrame({"x": [1, 2], "label": ["a", "b"]}).to_parquet(path)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert str(path) in one_line(lambda: table_sources.read(path))


# Images: manifests, archives, arrays, folders, the files themselves.

BAD_MANIFESTS: dict[str, bytes] = {
    "empty": b"",
    "a line break": b"\n",
    "another encoding": "path,label\nä.png,a\n".encode("cp1252"),
    "UTF-16": "path,label\n0.png,a\n".encode("utf-16"),
    "other columns": b"file,class\n0.png,a\n",
    "no label": b"path\n0.png\n",
    "no path": b"label\na\n",
    "a head alone": b"path,label\n",
    "an open quote": b'path,label\n"0.png,a\n',
    "too many cells": b"path,label\n0.png,a\n0.png,a,b,c,d\n",
    "a split that is none": b"path,label,split\n0.png,a,holdout\n",
    "zeros": bytes(100),
    "a page": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "noise": np.random.default_rng(0).bytes(500),
    "classes that differ in case": b"path,label\ncat/000.png,a\ncat/001.png,A\n",
}


@pytest.mark.parametrize("case", BAD_MANIFESTS)
def test_a_list_of_images_that_is_none_is_named(case: str, tmp_path: Path) -> None:
    """The file is named, and no image is read."""
    write_classes(tmp_path, {"cat": 2})
    path = tmp_path / "list.csv"
    path.write_bytes(BAD_MANIFESTS[case])
    with unchanged(tmp_path):
        assert str(path) in one_line(lambda: image_sources.scan(path))


@pytest.mark.parametrize(
    "place",
    ["", ".", "..", "/etc/passwd", "../secret.png", "cat/../../secret.png", "~/secret.png", "C:\\secret.png", "cat",
     "cat/gone.png", "cat/000.png\x01", "//cat/000.png", "x" * 5000, "cat/" + "../" * 50 + "etc/passwd",
     "file:///etc/passwd", "http://127.0.0.1/a.png", "%2e%2e/secret.png", "link.png", "-rf", "$(touch x)", "`touch x`"],
)  # fmt: skip
def test_a_path_that_is_no_file_beside_the_list_is_set_aside(place: str, tmp_path: Path) -> None:
    """The others are used; nothing outside is read, and the reason stands in the record."""
    write_classes(tmp_path / "raw", {"cat": 2})
    write_classes(tmp_path, {"outside": 1})
    (tmp_path / "outside/000.png").rename(tmp_path / "secret.png")
    (tmp_path / "raw/link.png").symlink_to(tmp_path / "secret.png")
    pd.DataFrame({"path": [place, "cat/001.png"], "label": ["a", "b"]}).to_csv(tmp_path / "raw/list.csv", index=False)
    with unchanged(tmp_path):
        bad, good = image_sources.scan(tmp_path / "raw/list.csv")
    assert bad.problem == "no such file beside the manifest" and good.problem is None


def zipped(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


def png(size: int = 8) -> bytes:
    content = io.BytesIO()
    Image.new("L", (size, size)).save(content, "PNG")
    return content.getvalue()


BAD_ZIPS: dict[str, bytes] = {
    "empty": b"",
    "no members": zipped(),
    "folders alone": zipped(("cat/", b""), ("dog/", b"")),
    "clutter alone": zipped(("__MACOSX/cat/1.png", b"x"), (".DS_Store", b"x")),
    "cut short": zipped(("cat/1.png", png()))[:-30],
    "a tenth": zipped(("cat/1.png", png()))[:10],
    "text": b"not a zip",
    "noise": np.random.default_rng(0).bytes(500),
    "splits beside others": zipped(("train/cat/1.png", png()), ("test/cat/1.png", png()), ("more/cat/1.png", png())),
    "a 7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
    "classes that differ in case": zipped(("cat/1.png", png()), ("Cat/2.png", png())),
}


def refused(path: Path, content: bytes) -> None:
    """Assert that what `content` makes of the file `path` is no images: a line names it, and nothing is written beside it."""
    path.write_bytes(content)
    with unchanged(path.parent):
        assert str(path) in one_line(lambda: image_sources.scan(path))


@pytest.mark.parametrize("case", BAD_ZIPS)
def test_a_zip_without_images_is_named(case: str, tmp_path: Path) -> None:
    """Nothing is unpacked beside it."""
    refused(tmp_path / "a.zip", BAD_ZIPS[case])


@pytest.mark.parametrize(
    "name", ["../out.png", "/out.png", "cat/../../out.png", "..\\out.png", "C:/out.png", "cat/\x01.png"]
)
def test_a_member_of_a_zip_is_never_unpacked_by_its_name(name: str, tmp_path: Path) -> None:
    """Its content is read; no file is written."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in/a.zip"
    path.write_bytes(zipped((name, png()), ("cat/1.png", png()), ("dog/1.png", png())))
    with unchanged(tmp_path):
        for record in image_sources.scan(path):
            if not record.problem:
                assert record.content() == png()


def npz(**arrays: Any) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


PICTURES = np.zeros((4, 8, 8), np.uint8)
BAD_ARRAYS: dict[str, bytes] = {
    "empty": b"",
    "text": b"no arrays",
    "noise": np.random.default_rng(0).bytes(500),
    "cut short": npz(images=PICTURES, labels=[0, 1, 0, 1])[:-40],
    "no labels": npz(images=PICTURES),
    "no images": npz(labels=[0, 1]),
    "nothing": npz(),
    "objects": npz(images=np.array([{}, {}], dtype=object), labels=[0, 1]),
    "labels that are objects": npz(images=PICTURES, labels=np.array([{}, 1, 2, 3], dtype=object)),
    "floats": npz(images=PICTURES / 255, labels=[0, 1, 0, 1]),
    "signed": npz(images=PICTURES.astype(np.int8), labels=[0, 1, 0, 1]),
    "two channels": npz(images=np.zeros((4, 8, 8, 2), np.uint8), labels=[0, 1, 0, 1]),
    "channels first": npz(images=np.zeros((4, 3, 8, 8), np.uint8), labels=[0, 1, 0, 1]),
    "flat": npz(images=np.zeros((4, 64), np.uint8), labels=[0, 1, 0, 1]),
    "one number": npz(images=np.uint8(3), labels=[0, 1]),
    "no pixels": npz(images=np.zeros((4, 0, 8), np.uint8), labels=[0, 1, 0, 1]),
    "no pictures": npz(images=np.zeros((0, 8, 8), np.uint8), labels=np.zeros(0)),
    "fewer labels": npz(images=PICTURES, labels=[0, 1]),
    "labels in two columns": npz(images=PICTURES, labels=np.eye(4)),
    "a split that is none": npz(images=PICTURES, labels=[0, 1, 0, 1], split=["a", "b", "c", "d"]),
    "fewer groups": npz(images=PICTURES, labels=[0, 1, 0, 1], group=["a"]),
    "a single array": (lambda content: (np.save(content, PICTURES), content.getvalue())[1])(io.BytesIO()),
    "members that are text": zipped(("images.npy", b"text"), ("labels.npy", b"text")),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_arrays_that_are_no_images_are_named(case: str, tmp_path: Path) -> None:
    """Of another shape, another type, with objects in them, or no arrays at all."""
    refused(tmp_path / "a.npz", BAD_ARRAYS[case])


def lay(folder: Path, *places: str) -> None:
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(png())


BAD_FOLDERS: dict[str, tuple[str, ...]] = {
    "empty": (),
    "hidden files": (".a/1.png", ".b.png"),
    "two archives": ("a.zip", "b.zip"),
    "two lists": ("a.csv", "b.csv"),
    "a split beside a class": ("train/cat/1.png", "test/cat/1.png", "dog/1.png"),
    "classes that differ in case": ("cat/1.png", "Cat/1.png"),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_a_folder_without_classes_is_named(case: str, tmp_path: Path) -> None:
    """What was found there is said."""
    lay(tmp_path, *BAD_FOLDERS[case])
    with unchanged(tmp_path):
        assert str(tmp_path) in one_line(lambda: image_sources.scan(tmp_path))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "ICO", "JPEG2000"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_picture_that_is_cut_short_is_no_picture(form: str, share: float) -> None:
    """Whatever its format, the reason is a few words."""
    content = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(content, form)
    to_square(content.getvalue(), 8, "crop")
    with pytest.raises(UnreadableImage) as caught:
        to_square(content.getvalue()[: int(len(content.getvalue()) * share)], 8, "crop")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = b"\x89PNG\r\n\x1a\n"
BAD_PICTURES: dict[str, bytes] = {
    "a PNG of 50,000 pixels a side": PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)),
    "a PNG without pixels": PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 0, 8, 0, 0, 0, 0)),
    "a PNG of a type that is none": PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 99, 77, 0, 0, 0)),
    "a BMP of billions": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 8, *[0] * 6),
    "a GIF of nothing": b"GIF89a\x00\x00\x00\x00\x00\x00\x00;",
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "a PostScript that runs a command": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(%pipe%touch out) (w) file\n",
    "a PDF": b"%PDF-1.7\n1 0 obj <<>> endobj\n",
    "a program": b"\x7fELF" + bytes(100),
    "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_what_is_no_picture_is_set_aside(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bombs, vectors, programs: neither memory is taken nor anything run."""
    monkeypatch.chdir(tmp_path)
    with unchanged(tmp_path), pytest.raises(UnreadableImage) as caught:
        to_square(BAD_PICTURES[case], 8, "crop")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


# The command line: the same lines, with exit code 2, and no project is begun.


@pytest.mark.parametrize(
    ("name", "content", "option"),
    [
        ("a.csv", b"", "--table"),
        ("a.csv", b"x,label\n1,a\n", "--table"),
        ("a.parquet", b"PAR1", "--table"),
        ("a.xlsx", b"PK\x03\x04", "--table"),
        ("a.csv", b"file,class\n", "--images"),
        ("a.zip", b"text", "--images"),
        ("a.npz", b"text", "--images"),
        ("a.png", b"text", "--images"),
    ],
)
def test_init_refuses_with_a_line(
    name: str, content: bytes, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing but what was there is there."""
    (tmp_path / name).write_bytes(content)
    label = ["--label", "label"] if option == "--table" else []
    with unchanged(tmp_path), pytest.raises(SystemExit) as ended:
        main(["init", str(tmp_path / "project"), option, str(tmp_path / name), *label])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.startswith("tailweight: ") and said.count("\n") == 1 and len(said) < 400
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("content", ["schema: '2.0'\nstages: 3\n", "stages: {}\n", "schema: 2\n", "\t", "'", "a: b: c"])
def test_a_lock_that_dvc_would_refuse_is_damaged(content: str) -> None:
    """`lock.mend` puts the last good one back."""
    assert not lock.reads_whole(content)
