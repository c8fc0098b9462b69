"""The forms in which a labelled table arrives: CSV in any dialect, Parquet, or the answer of a database.

Each becomes a DataFrame of plain types: numbers, text, categories, dates, true and false, each with missing values.
"""

import codecs
import csv
import difflib
import gzip
import io
import itertools
import re
import unicodedata
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd

from gan.errors import one_line
from pipelines import files
from pipelines.errors import UserError
from pipelines.samples import cells

EXPECTED = "a CSV or Parquet file with a header, or a database's URL with --query"
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
PROBED = 1000  # lines that are looked at to know the dialect
MOST_CLASSES = 1000
MISSING = ("", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null")  # in a CSV; of a label only ""
CODE = r"-?0\d.*|\+\d{7,}|[-+]?\d{19,}"  # written like a number, and more than one
LOSSY = re.compile(rb"(?<![\w.:/-])(?:0\d|\+\d{7}|\d{19})")  # what must be in a file that has such a code
NUMBER, COMMA_NUMBER = re.compile(r"[-+]?\d+\.\d+"), re.compile(r"[-+]?\d+,\d+")
WITH_COMMAS = re.compile(r"[-+]?\d[\d,]*,\d+(?:\.\d+)?")
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")


def read(path: Path, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the table in the file `path`; the columns named `text` are not taken for numbers.

    UserError, in one line, where there is no table of plain columns in it.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected {EXPECTED}")
    if path.suffix.lower() in (".parquet", ".pq"):
        return tidy(_read_parquet(path), str(path))
    inner = Path(path.stem) if path.suffix.lower() == ".gz" else path
    if inner.suffix.lower() in (".csv", ".tsv", ".txt", ".data"):
        return tidy(_read_csv(path, text), str(path))
    raise UserError(f"{path}: a {path.suffix or 'nameless'} file; expected {EXPECTED}")


def read_query(url: str, query: str) -> pd.DataFrame:
    """Return what a database answers; UserError where SQLAlchemy, its driver, the database or the query fails."""
    shown = without_secrets(url)
    import sqlalchemy  # it is there, since the URL could be parsed

    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)  # nothing stays open
        with engine.connect() as connection:
            frame = pd.read_sql_query(sqlalchemy.text(query), connection)
    except ModuleNotFoundError as error:
        raise UserError(f"{shown}: the database's driver is not installed: pip install {error.name}") from None
    except (sqlalchemy.exc.SQLAlchemyError, pd.errors.DatabaseError) as error:
        cause = error.__cause__ if isinstance(error, pd.errors.DatabaseError) else error
        why = str(getattr(cause, "orig", None) or cause or error)
        raise UserError(f"{shown}: {_unsaid(why, url)}; check the URL and the query") from None
    return tidy(frame, shown)


def read_all(
    table: str, query: str | None, test: Path | None, text: tuple[str, ...], where: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of a table, a file or what a database answers, those of a test file behind them, and which these are.

    text: columns that have to be there, and are not taken for numbers. where: what the table is called.
    """
    frame = read(Path(table), text) if query is None else read_query(table, query)
    for name in text:
        require(frame, name, where)
    if test is None:
        return frame, np.zeros(len(frame), bool)
    both = joined(frame, read(test, text), str(test))
    return both, np.arange(len(both)) >= len(frame)


def without_secrets(url: str) -> str:
    """Return a database's URL without user, password and query string, all of which may hold secrets.

    >>> without_secrets("postgresql://me:secret@host/shop?sslkey=x")
    'postgresql://host/shop'
    """
    known = parsed(url)
    return told(known.drivername, host=known.host, port=known.port, database=known.database)


def told(drivername: str, **parts: Any) -> str:
    """Return a database's URL that consists of these parts, see SQLAlchemy's `URL.create`."""
    import sqlalchemy

    return sqlalchemy.engine.URL.create(drivername, **parts).render_as_string(hide_password=False)


def parsed(url: str) -> Any:
    """Return the parts of a database's URL, SQLAlchemy's `URL`; UserError, which does not repeat it, where it is none."""
    try:
        import sqlalchemy
    except ImportError:
        raise UserError("SQLAlchemy is not installed, --query needs it: pip install 'tailweight[pipeline]'") from None
    try:
        found = sqlalchemy.engine.make_url(url)
        if found.host and "@" in f"{found.host}{found.database}":  # a part of the password
            raise ValueError
        return found
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise UserError(
            "the database's URL cannot be read; expected one like postgresql://user:password@host:5432/database, with %40 for "
            "an @, %3A for a : and %2F for a / in the password"
        ) from None


def _unsaid(why: str, url: str) -> str:
    """Return a driver's message without the secrets of the URL that it may repeat, in at most 200 characters."""
    _, _, rest = url.partition("://")
    address, _, query = rest.partition("?")
    secrets = [address.rpartition("@")[0].partition(":")[2], *(part.partition("=")[2] for part in query.split("&"))]
    secrets += [str(parsed(url).password or ""), rest.rpartition("@")[0].partition(":")[2]]
    for secret in [rest, address, *secrets, *map(unquote, secrets)]:
        why = why.replace(secret, "…") if len(secret) > 2 else why
    return one_line(why, 200)


def tidy(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return `frame` with plain types and rows numbered from 0; UserError names the first column that has none."""
    if frame.index.names != [None]:
        frame = frame.reset_index()  # a named index is a column like any other
    names = [unicodedata.normalize("NFC", str(name).strip()) for name in frame.columns]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"{where}: {len(twice)} column name(s) stand twice, such as {twice[0]!r}; rename one of the two"
        )
    frame = frame.set_axis(names, axis=1).reset_index(drop=True)
    if not len(frame):
        raise UserError(f"{where}: a table without rows; expected a header and one row per sample")
    plain = {name: _plain(frame[name], name, where) for name in names}
    return pd.DataFrame(plain)


def labels_of(frame: pd.DataFrame, label: str, where: str) -> pd.Series:
    """Return the class names in the column `label`, "" where one is missing; UserError where they are no class names."""
    require(frame, label, where)
    column = frame[label]
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")  # whole numbers that are floats only because one is missing
    if pd.api.types.is_float_dtype(column):
        raise UserError(f"{where}: the label column {label!r} holds numbers such as {column.dropna().iloc[0]}, "
                        "expected classes; cut them into ranges with names")  # fmt: skip
    names = column.astype("str").fillna("").str.strip().str.normalize("NFC")
    names = names.mask(column.isna(), "")
    count = names[names != ""].nunique()
    if count < 2:
        raise UserError(f"{where}: the label column {label!r} has {count} class(es), at least 2 are needed")
    if count > MOST_CLASSES or (count > 50 and count > len(names) / 2):
        raise UserError(f"{where}: the label column {label!r} has {count} different values in {len(names)} rows, expected "
                        f"at most {MOST_CLASSES} classes of two rows or more on average; is it the right column?")  # fmt: skip
    return names


def require(frame: pd.DataFrame, name: str, where: str) -> None:
    """Raise UserError where `frame` has no column `name`."""
    if name in frame:
        return
    found = ", ".join(itertools.islice(frame.columns, 20)) + (", …" if frame.shape[1] > 20 else "")
    close = difflib.get_close_matches(name, frame.columns, n=1, cutoff=0.6)
    raise UserError(
        f"{where}: no column {name!r}; found {found}" + (f"; did you mean {close[0]}?" if close else "")
    )  # fmt: skip


def joined(table: pd.DataFrame, test: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the rows of both, the types of their columns agreed on; UserError where the columns differ."""
    lacking, more = set(table) - set(test), set(test) - set(table)
    if lacking or more:
        said = [f"{word} {', '.join(sorted(names))}" for word, names in (("lacks", lacking), ("adds", more)) if names]
        raise UserError(f"{where}: {' and '.join(said)}; expected the columns of the table")
    for name in table:  # codes may look like numbers in one of the two
        for one, other in ((table, test), (test, table)):
            if pd.api.types.is_string_dtype(one[name].dtype) and pd.api.types.is_integer_dtype(other[name].dtype):
                other[name] = other[name].astype("str")
    return tidy(pd.concat([table, test[table.columns]], ignore_index=True), where)


def _plain(column: pd.Series, name: str, where: str) -> pd.Series:
    """Return `column` as one of the plain types."""
    kind = column.dtype
    if pd.api.types.is_object_dtype(kind):
        column = _from_objects(column, name, where)
    elif not (
        isinstance(kind, pd.CategoricalDtype)
        or pd.api.types.is_string_dtype(kind)
        or pd.api.types.is_bool_dtype(kind)
        or (pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind))
        or pd.api.types.is_datetime64_any_dtype(kind)
    ):
        raise _not_plain(where, name, str(kind))
    if pd.api.types.is_float_dtype(column.dtype):
        infinite = np.flatnonzero(np.isinf(column.to_numpy(float, na_value=np.nan)))
        if len(infinite):
            raise UserError(f"{where}: column {name!r} is infinite in {len(infinite)} row(s), first in row "
                            f"{infinite[0] + 1}; expected numbers, or nothing where one is missing")  # fmt: skip
    return column


def _from_objects(column: pd.Series, name: str, where: str) -> pd.Series:
    held = pd.api.types.infer_dtype(column, skipna=True)
    types = {
        "string": "str", "empty": "float64", "boolean": "boolean", "integer": "Int64", "floating": "float64",
        "mixed-integer-float": "float64", "decimal": "float64", "date": "datetime64[s]", "datetime": "datetime64[us]",
        "datetime64": "datetime64[us]",
    }  # fmt: skip
    if held not in types:
        example = next(value for value in column if not np.isscalar(value) or not pd.isna(value))
        raise _not_plain(where, name, f"{held} values such as {str(example)[:40]}")
    try:
        return column.where(column.notna(), None).astype(types[held])
    except OverflowError:  # whole numbers of more than 64 bits are codes
        return column.where(column.notna(), None).astype("str")
    except (ValueError, TypeError):
        raise _not_plain(
            where, name, f"{held} values that do not go together (dates with and without a zone?)"
        ) from None


def _not_plain(where: str, name: str, found: str) -> UserError:
    return UserError(
        f"{where}: column {name!r} holds {found}; expected numbers, text, dates or true and false: leave it out or unfold it"
    )


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except files.DAMAGE as error:
        raise UserError(f"{path}: not readable as Parquet ({one_line(error, 200)})") from None


def _read_csv(path: Path, text: tuple[str, ...]) -> pd.DataFrame:
    content = _content(path)
    encoding = _encoding(path, content)
    separator, rows = _dialect(path, io.TextIOWrapper(io.BytesIO(content), encoding, newline=""), text)
    header = [cells.unmark(name.strip()) for name in rows[0]]
    _check_header(path, header, text)
    decimal, thousands = _marks(path, rows[1:], separator)
    if thousands:  # by the first rows
        whole = _rows(path, content.decode(encoding).splitlines(keepends=True), separator)
        decimal, thousands = _marks(path, whole[1:], separator, all_of_it=True)
    names = [name or f"Unnamed: {place}" for place, name in enumerate(header)]
    options: dict[str, Any] = {
        "sep": separator, "encoding": encoding, "decimal": decimal, "thousands": thousands, "names": names, "header": 0,
        "skipinitialspace": True, "index_col": False, "low_memory": False, "dtype": dict.fromkeys(text, "str"),
        "keep_default_na": False,
        "na_values": {name: [""] if name in text else MISSING for name in names},
    }  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of cells that would be dropped
            frame = pd.read_csv(io.BytesIO(content), **options)
        strings = options | {"dtype": "str"}
        as_written = _as_written(
            frame, lambda name: pd.read_csv(io.BytesIO(content), usecols=[name], **strings)[name], content
        )
        return cells.unmarked(as_written)
    except pd.errors.ParserWarning:
        raise UserError(f"{path}: rows have more cells than the first line has names; name every column") from None
    except (pd.errors.ParserError, ValueError, UnicodeDecodeError) as error:
        why = str(error).removeprefix("Error tokenizing data. C error: ")
        raise UserError(f"{path}: not readable as CSV ({one_line(why, 200)}); mend the line that it names") from None


def _marks(path: Path, rows: list[list[str]], separator: str, all_of_it: bool = False) -> tuple[str, str | None]:
    """Return what stands before the decimals in cells of numbers, and between their thousands.

    A comma stands before decimals where no cell has a dot before them, and semicolons stand between the columns or a cell, such
    as 0,5 or 1,25, can have no thousands. It stands before thousands where all such cells can have them and one has a dot.
    all_of_it: whether `rows` are all of the file. UserError where they are, and 1,250 may be the one or the other.
    """
    texts = [cell.strip() for row in rows for cell in row]
    with_commas = [text for text in texts if WITH_COMMAS.fullmatch(text)]
    dots = any("." in text for text in with_commas) or any(map(NUMBER.fullmatch, texts))
    if not with_commas or separator == ";" or not all(map(THOUSANDS.fullmatch, with_commas)):
        return "," if not dots and any(map(COMMA_NUMBER.fullmatch, with_commas)) else ".", None
    if all_of_it and not dots:
        raise UserError(
            f"{path}: numbers such as {with_commas[0]}, which may be {with_commas[0].replace(',', '')} or "
            f"{with_commas[0].replace(',', '.', 1)}; write them without the comma, or with a dot before decimals"
        )
    return ".", ","


def _content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where its name ends on `.gz`."""
    content = path.read_bytes()
    if path.suffix.lower() != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: not readable as gzip ({one_line(error, 200)}); is the file damaged?") from None


def _as_written(frame: pd.DataFrame, text_of: Callable[[str], pd.Series], content: bytes) -> pd.DataFrame:
    """Return `frame` with columns of numbers as text, or as whole numbers, where as numbers they would lose what is written.

    Codes stay text: postcodes with a leading zero, telephone numbers with a plus, numbers of more than 64 bits. Whole numbers
    of which some are missing stay whole. text_of: returns a column as text. Text is read again only for such columns.
    """
    coded = LOSSY.search(content.replace(b"\0", b"")) is not None
    for name in frame.select_dtypes("number").columns:
        column = frame[name]
        gaps = pd.api.types.is_float_dtype(column.dtype) and column.isna().any() and (column.dropna() % 1 == 0).all()
        if not (coded or gaps) or column.isna().all():
            continue
        text = text_of(name).str.strip()
        known = text.dropna()
        if known.str.fullmatch(CODE).any():
            frame[name] = text
        elif gaps and known.str.fullmatch(r"[-+]?\d+").all():
            frame[name] = text.str.removeprefix("+").astype("Int64")
    return frame


def _encoding(path: Path, content: bytes) -> str:
    """Return the encoding: what a byte-order mark says, else UTF-8, else Windows-1252; UserError where lines disagree."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in content[: 1 << 20]:
        raise UserError(f"{path}: not a text file; expected {EXPECTED}")
    try:
        content.decode("utf-8")
        return "utf-8-sig"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    other = next((n for n, text in enumerate(content.split(b"\n"), 1) if not text.isascii() and _is_utf8(text)), None)
    if other is not None:
        raise UserError(f"{path}: line {other} is in UTF-8 and line {line} is not; save all of it in UTF-8")
    return "cp1252"


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _dialect(path: Path, stream: io.TextIOWrapper, wanted: tuple[str, ...]) -> tuple[str, list[list[str]]]:
    """Return the separator and the first rows; the one that finds the wanted columns, and as many in each row, wins."""
    try:
        lines = list(itertools.islice(stream, PROBED))
    except UnicodeError as error:
        raise UserError(f"{path}: not readable as text ({error}); save it in UTF-8") from None
    rows = {mark: _rows(path, lines, mark) for mark in SEPARATORS}
    if not rows[","]:
        raise UserError(f"{path}: an empty file; expected {EXPECTED}")

    def fitness(mark: str) -> tuple[float, ...]:
        header, *rest = rows[mark]
        found = len(set(wanted) & {name.strip() for name in header})
        even = sum(len(row) == len(header) for row in rest) if len(header) > 1 else 0
        return found if len(header) > 1 else 0, even, len(header)

    best = max(SEPARATORS, key=fitness)
    return best, rows[best]


def _rows(path: Path, lines: list[str], mark: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=mark, skipinitialspace=True) if row]
    except csv.Error as error:
        raise UserError(f"{path}: not readable as CSV ({error})") from None


def _check_header(path: Path, header: list[str], wanted: tuple[str, ...]) -> None:
    missing = [name for name in wanted if name not in header]
    if missing and len(header) == 1:
        separators, only = ", ".join(SEPARATORS.values()), one_line(header[0], 60)
        raise UserError(
            f"{path}: found one column, {only!r}; expected {separators} between the columns, one of them {missing[0]!r}"
        )
    if missing and any(_is_number(name) for name in header):
        first = one_line(", ".join(header), 60)
        raise UserError(
            f"{path}: no column {missing[0]!r}: the first line, {first}, looks like data; "
            "expected a line with the names of the columns above it"
        )
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise UserError(f"{path}: {len(twice)} column name(s) stand twice, such as {twice[0]!r}; rename one of the two")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
