"""The base of every group of settings: typed, strict, unchangeable."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A group of settings. A key that is not a field is an error, so that a misspelt one is never ignored.

    Each field states its default, its bounds and, in `description`, its meaning and unit, on one line where it is read.
    `params.yaml` and `tailweight params` show the same text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
