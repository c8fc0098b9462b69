"""How DVC draws the plots of a project: templates in Vega-Lite, for `dvc plots` and for the editors that show them.

DVC's own templates know neither intervals nor a panel for each class. DVC writes the rows of the table into a template, each
with its revision in `rev`; several revisions are told apart by colour or dashes.
"""

import json
from pathlib import Path
from typing import Any

from pipelines import files

FOLDER = ".dvc/plots"
Spec = dict[str, Any]

NUMBER, WORD = {"type": "quantitative"}, {"type": "nominal"}
REVISION = {"field": "rev", **WORD, "title": "revision"}
UNROUNDED = {"scale": {"zero": False}}
WIDTH, HEIGHT = 260, 180  # of one panel


def _panels(layers: list[Spec], *, by: str = "class", transform: list[Spec] | None = None, **size: Any) -> Spec:
    """Return a chart with a panel for each value of the column `by`, the layers drawn over each other in every one."""
    return {
        **_head(transform),
        "facet": {"field": by, **WORD, "title": None, "header": {"labelFontWeight": "bold"}},
        "columns": 2,
        "spec": {"width": WIDTH, "height": HEIGHT, **size, "layer": layers},
        "resolve": {"scale": {"y": "shared"}},
    }


def _head(transform: list[Spec] | None) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": "<DVC_METRIC_DATA>"},
        "title": {"text": "<DVC_METRIC_TITLE>", "anchor": "middle"},
        "transform": transform or [],
    }


def _axis(field: str, title: str | None, kind: Spec = NUMBER, **more: Any) -> Spec:
    return {"field": field, **kind, "title": title, **more}


def gains() -> Spec:
    """Return the gain over each alternative with its interval, and how the alternatives do by themselves.

    The rows come from two tables. Those of `gains.csv`, of the deciding classifier, have a panel for each class; there are
    none where no class could ship. Those of `selection.csv` have one for each classifier.
    """
    panel = (
        "datum.filename == 'gains.csv' ? 'gain of ' + datum.class + ' over'"
        " : 'out of fold, ' + datum.classifier + ' without synthetic samples'"
    )
    transform: list[Spec] = [
        {
            "filter": "datum.filename == 'gains.csv' ? datum.decides == 'True' : datum.class == 'mean of minority classes'"
        },
        {"calculate": panel, "as": "panel"},
        {"calculate": "0", "as": "none"},
    ]
    measured = [{"filter": "datum.filename == 'gains.csv'"}]
    over = {"y": _axis("dvc_inferred_y_value", None, WORD), "yOffset": {"field": "rev"}, "color": REVISION}
    value = _axis("dvc_inferred_x_value", "average precision", **UNROUNDED)
    layers: list[Spec] = [
        {"mark": {"type": "rule", "strokeDash": [3, 3]}, "transform": measured, "encoding": {"x": _axis("none", None)}},
        {"mark": "rule", "transform": measured, "encoding": {"x": _axis("low", None), "x2": {"field": "high"}, **over}},
        {"mark": {"type": "point", "filled": True, "size": 50}, "encoding": {"x": value, **over}},
    ]
    drawn = _panels(layers, by="panel", transform=transform, height={"step": 22})
    return drawn | {"resolve": {"scale": {"x": "independent", "y": "independent"}}}


def ways() -> Spec:
    """Return average precision by dose, out of fold, and on test by the filter's acceptance.

    The rows come from two tables, `ways.csv` and `acceptance.csv`; the latter has some only where a gain asked for it.
    """
    panel = "datum.filename == 'ways.csv' ? 'by dose' : 'by share of the candidates that is kept'"
    line = "datum.by ? 'test, by ' + datum.by : 'out of fold, ' + datum.use"
    encoding = {
        "x": _axis("dvc_inferred_x_value", None),
        "y": _axis("average_precision", "average precision", aggregate="mean", **UNROUNDED),
        "color": {"field": "line", **WORD, "title": "asked of, and samples"},
        "strokeDash": REVISION,
    }
    chosen = {"filter": "datum.chosen == 'True'"}
    layers: list[Spec] = [
        {"mark": {"type": "line", "point": True}, "encoding": encoding},
        {"mark": {"type": "point", "size": 220}, "transform": [chosen], "encoding": encoding},
    ]
    names = [{"calculate": panel, "as": "panel"}, {"calculate": line, "as": "line"}]
    drawn = _panels(layers, by="panel", transform=names)
    return drawn | {"resolve": {"scale": {"x": "independent", "y": "independent"}}}


def training() -> Spec:
    """Return the scores in the training of the base and of each class, a panel for each."""
    scores = {"score_real": "training samples", "score_held_out": "held-out samples", "score_fake": "fakes"}
    transform: list[Spec] = [
        {"calculate": "replace(datum.filename, /(-[0-9a-f]{6})?[.]csv$/, '')", "as": "trained"},
        {"fold": list(scores), "as": ["column", "text"]},
        {"filter": "isValid(datum.text) && datum.text !== ''"},  # without held-out samples there is no score of them
        {"calculate": "toNumber(datum.text)", "as": "score"},
        {"calculate": f"({json.dumps(scores)})[datum.column]", "as": "samples"},
    ]
    encoding = {
        "x": _axis("step", "step"),
        "y": _axis("score", "mean score", **UNROUNDED),
        "color": {"field": "samples", **WORD, "sort": list(scores.values()), "title": "of"},
        "strokeDash": REVISION,
    }
    return _panels([{"mark": "line", "encoding": encoding}], by="trained", transform=transform)


def reliability() -> Spec:
    """Return how often samples of a predicted probability were real, a panel for each class; on the diagonal is right."""
    ends = {"domain": [0, 1]}
    right = [{"x": 0, "y": 0}, {"x": 1, "y": 1}]
    own = {
        "x": _axis("predicted", "predicted share of real samples", scale=ends),
        "y": _axis("observed", "observed share", scale=ends),
        "size": _axis("samples", "samples"),
        "color": REVISION,
    }
    line = {
        "data": {"values": right},
        "mark": {"type": "line", "strokeDash": [3, 3], "color": "gray"},
        "encoding": {"x": _axis("x", "predicted share of real samples"), "y": _axis("y", "observed share")},
    }
    layers: list[Spec] = [line, {"mark": {"type": "point", "filled": True}, "encoding": own}]
    return _panels(layers)


TEMPLATES = {make.__name__: make for make in (gains, ways, training, reliability)}


def write(project: Path) -> None:
    """Write the templates where DVC looks for them; a no-op where they are there already."""
    for name, make in TEMPLATES.items():
        path, text = project / FOLDER / f"{name}.json", json.dumps(make(), indent=1) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            files.write_text(path, text)
