"""The base of every group of settings: typed, strict, unchangeable."""

from functools import partial

from pydantic import BaseModel, ConfigDict, Field

# `only`: means nothing to the other kinds of data, whose `params.yaml` does not show it; a kind, or a list of them.
# `expert`: hardly ever changed, so that `params.yaml` shows it only where it has been.
ImageField = partial(Field, json_schema_extra={"only": "images"})
TableField = partial(Field, json_schema_extra={"only": "table"})
SeriesField = partial(Field, json_schema_extra={"only": "series"})
ColumnField = partial(Field, json_schema_extra={"only": ["table", "series"]})
ExpertField = partial(Field, json_schema_extra={"expert": True})
ExpertImageField = partial(Field, json_schema_extra={"only": "images", "expert": True})
ExpertTableField = partial(Field, json_schema_extra={"only": "table", "expert": True})


class Settings(BaseModel):
    """A group of settings. A key that is not a field is an error, so that a misspelt one is never ignored.

    Each field states its default, its bounds and, in `description`, its meaning and unit, on one line where it is read.
    `params.yaml` and `tailweight params` show the same text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
