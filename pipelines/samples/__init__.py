"""Labelled samples and synthetic candidates as the stages hand them to each other, in memory and on disk."""

from pipelines.samples.forms import FORMS, IMAGES, SERIES, TABLE, Form, Values, form_of, is_value, png_bytes
from pipelines.samples.sets import KEPT, Candidates, Samples

__all__ = [
    "FORMS",
    "IMAGES",
    "KEPT",
    "SERIES",
    "TABLE",
    "Candidates",
    "Form",
    "Samples",
    "Values",
    "form_of",
    "is_value",
    "png_bytes",
]
