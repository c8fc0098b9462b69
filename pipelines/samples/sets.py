"""`Samples`, real ones of a split, and `Candidates`, generated ones of a class with all that is known of them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import files
from pipelines.files import undamaged
from pipelines.samples.forms import IMAGES, TABLE, Form, Values, form_of, is_value

ATTRIBUTE = "attribute."  # begins the name of a column that says something of a sample beside its class
GROUP = "group"
KEPT = "kept"  # the status of a candidate that passed every check; any other status is the reason why it did not
COMPRESSION = "zstd"
OURS = b"tailweight"  # the entry of a Parquet file's metadata that says what no column can


@dataclass(frozen=True)
class Samples:
    """Real samples of one split.

    values: (n, height, width, channels) uint8 images; a table of n rows without its class; or, of another kind, (n, ...).
    labels: (n,) int64, an index into the data set's class names.
    ids: (n,) str, one stable name per sample, never repeated within a data set.
    kind: of the data, as `prepare` says it. columns: what each column of a table holds (see `prepare.columns`).
    attributes: name -> (n,) str, what `prepare.attributes` asks for, of test samples.
    groups: (n,) str, samples with the same one are never torn apart; None where each is by itself.
    """

    values: Values
    labels: np.ndarray
    ids: np.ndarray
    kind: str = IMAGES
    columns: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def form(self) -> Form:
        """How the values are held."""
        return form_of(self.kind)

    def of_class(self, label: int) -> "Samples":
        """Return the samples that carry `label`, in order."""
        return self.take(np.flatnonzero(self.labels == label))

    def take(self, index: np.ndarray) -> "Samples":
        """Return the samples at `index`, (m,) int or (n,) bool."""
        own = {name: values[index] for name, values in self.attributes.items()}
        groups = None if self.groups is None else self.groups[index]
        taken = self.form.take(self.values, index)
        return replace(
            self, values=taken, labels=self.labels[index], ids=self.ids[index], attributes=own, groups=groups
        )

    def reduced(self, factor: int) -> "Samples":
        """Return the samples as the GAN sees them, smaller by `upscale.factor`; UserError where that cannot be."""
        return replace(self, values=self.form.reduced(self.values, factor))

    def save(self, path: Path) -> None:
        """Write one Parquet file, the same bytes for the same samples, with the values packed."""
        table, notes = self.form.pack(self.values)
        table = table.add_column(0, "id", pa.array(self.ids.astype(str).tolist(), pa.string()))
        table = table.add_column(1, "label", pa.array(self.labels.astype(np.int64)))
        for name, own in self.attributes.items():
            table = table.append_column(ATTRIBUTE + name, pa.array(own.tolist(), pa.string()))
        if self.groups is not None:
            table = table.append_column(GROUP, pa.array(self.groups.tolist(), pa.string()))
        _write(table, {"kind": self.kind, "columns": dict(self.columns), **notes}, path)

    @classmethod
    def load(cls, path: Path) -> "Samples":
        """Read what `save` wrote."""
        with undamaged(path):
            table, notes = _read(path)
            labels = table["label"].to_numpy().astype(np.int64)
            ids = np.array(table["id"].to_pylist(), str)
            told = [name for name in table.column_names if name.startswith(ATTRIBUTE)]
            attributes = {name.removeprefix(ATTRIBUTE): np.array(table[name].to_pylist(), str) for name in told}
            grouped = [GROUP] if GROUP in table.column_names else []
            groups = np.array(table[GROUP].to_pylist(), str) if grouped else None
            values = form_of(notes["kind"]).unpack(table.drop_columns(["id", "label", *told, *grouped]), notes)
            return cls(values, labels, ids, notes["kind"], notes["columns"], attributes, groups)


@dataclass(frozen=True)
class Candidates:
    """Generated samples of one class with everything that is known of each.

    values, kind: as of `Samples`.
    rows: n rows, one per candidate: `id`, `class` (its name), `seed`, `reference_id`, `neighbour_id`,
    `weight`, `here_id`, `there_id` and `step` (how its start was drawn, see `gan.starts.Drawn`), `raw_score` (mean
    discriminator logit), and after filter `score` (an estimate of the density ratio real : generated, calibrated from
    `raw_score` or from the scores of critics) and `status` (`kept`, or the reason why not).
    """

    values: Values
    rows: pd.DataFrame
    kind: str = IMAGES

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def form(self) -> Form:
        """How the values are held."""
        return form_of(self.kind)

    @property
    def kept(self) -> "Candidates":
        """The candidates that passed the filter, in order."""
        index = np.flatnonzero(self.rows["status"] == KEPT)
        return Candidates(self.form.take(self.values, index), self.rows.iloc[index].reset_index(drop=True), self.kind)

    def reduced(self, factor: int) -> "Candidates":
        """The candidates as the GAN makes them, smaller by `upscale.factor`."""
        return replace(self, values=self.form.reduced(self.values, factor))

    def head(self, count: int) -> "Candidates":
        """The first `count` candidates, or all where there are fewer."""
        return Candidates(self.values[:count], self.rows.head(count), self.kind)

    def save(self, path: Path) -> None:
        """Write one Parquet file with one row per candidate, its values beside it."""
        with Candidates.writing(path) as write:
            write(self)

    @staticmethod
    @contextmanager
    def writing(path: Path, like: Samples | None = None) -> Iterator[Callable[["Candidates"], None]]:
        """Yield what writes candidates some at a time, so that no more than these are held; one call is what `save` does.

        The file is there once the block has ended, and only if nothing was raised.
        like: samples of the same columns, whose types columns have of which the first candidates miss every value.
        """
        with files.replaced(path) as temporary, ExitStack() as stack:
            writer: pq.ParquetWriter | None = None

            def write(part: Candidates) -> None:
                nonlocal writer
                frame = beside(part.rows, part.values, part.kind)
                if writer is None:
                    table = _noted(pa.Table.from_pandas(frame, preserve_index=False), {"kind": part.kind})
                    table = _typed(table, like) if like is not None and like.kind == TABLE else table
                    writer = stack.enter_context(pq.ParquetWriter(temporary, table.schema, compression=COMPRESSION))
                else:
                    table = pa.Table.from_pandas(frame, writer.schema, preserve_index=False)
                writer.write_table(table)

            yield write
            assert writer is not None, "a file of candidates has at least one part, be it without a row"

    @classmethod
    def load(cls, path: Path) -> "Candidates":
        """Read what `save` wrote."""
        with undamaged(path):
            return cls._of(*_read(path))

    @classmethod
    def parts(cls, path: Path, places: np.ndarray | None = None) -> Iterator[tuple[slice, "Candidates"]]:
        """Read what `writing` wrote as it was written, some at a time; with the places of each part among all.

        places: (k,) int, in order; of each part only its candidates that are among these, so that no other is decoded.
        """
        with undamaged(path), pq.ParquetFile(path) as file:
            notes, first = _notes(file.schema_arrow), 0
            for number in range(file.num_row_groups):
                table = file.read_row_group(number)
                own = slice(first, first + len(table))
                if places is not None:
                    table = table.take(places[(places >= own.start) & (places < own.stop)] - first)
                yield own, cls._of(table, notes)
                first = own.stop

    @classmethod
    def _of(cls, table: pa.Table, notes: Mapping[str, Any]) -> "Candidates":
        rows, values = without_values(table.to_pandas(), notes["kind"])
        return cls(values, rows, notes["kind"])


def _typed(table: pa.Table, like: Samples) -> pa.Table:
    """Return a table whose columns without a single value have the types of those of `like`."""
    known = pa.Schema.from_pandas(like.form.columns(like.values), preserve_index=False)
    for place, column in enumerate(table.schema):
        if pa.types.is_null(column.type) and column.name in known.names:
            own = known.field(column.name).type
            table = table.set_column(place, column.with_type(own), table.column(place).cast(own))
    return table


def columns_of(path: Path, names: Sequence[str]) -> pa.Table:
    """Return columns of a file of candidates alone, as Arrow holds them."""
    with undamaged(path):
        return pq.read_table(path, columns=list(names))


def beside(rows: pd.DataFrame, values: Values, kind: str) -> pd.DataFrame:
    """Return `rows` with the values of each as columns, see `Form.columns`."""
    return pd.concat([rows, form_of(kind).columns(values).set_axis(rows.index)], axis=1)


def without_values(frame: pd.DataFrame, kind: str) -> tuple[pd.DataFrame, Values]:
    """Return what `beside` was given."""
    own = [name for name in frame if is_value(name)]
    return frame.drop(columns=own), form_of(kind).values(frame[own])


def _read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return the columns and what no column can say; ValueError where Tailweight did not write the file."""
    table = pq.read_table(path)
    return table, _notes(table.schema)


def _notes(schema: pa.Schema) -> dict[str, Any]:
    """Return what no column can say; ValueError where Tailweight did not write the file."""
    if OURS not in (schema.metadata or {}):
        raise ValueError("Tailweight did not write it")
    notes: dict[str, Any] = json.loads(schema.metadata[OURS])
    return notes


def _noted(table: pa.Table, notes: dict[str, Any]) -> pa.Table:
    return table.replace_schema_metadata({**(table.schema.metadata or {}), OURS: json.dumps(notes).encode()})


def _write(table: pa.Table, notes: dict[str, Any], path: Path) -> None:
    pq.write_table(_noted(table, notes), path, compression=COMPRESSION)
