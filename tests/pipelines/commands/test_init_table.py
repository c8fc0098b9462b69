"""A table is brought in whatever its dialect, or refused in one line that says what to mend."""

import re
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan.training.settings import FAITHFUL_ROWS
from pipelines import files
from pipelines.__main__ import main
from pipelines.ingest.table_sources import joined, read
from tests.conftest import one_line, write_table

HEADER = "age,colour,label"
ROWS = "\n".join(f"{20 + n % 7}.5,{'blau' if n % 3 else 'grün'},{'yes' if n % 5 else 'no'}" for n in range(40))
PLAIN = f"{HEADER}\n{ROWS}\n"


def init(folder: Path, *arguments: str, capsys: pytest.CaptureFixture) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["init", str(folder / "project"), *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("cp1252"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", ", ").encode(),
        PLAIN.replace(",", ";").replace(".5", ",5").encode(),
        re.sub(r"blau|grün", r'"\g<0>"', PLAIN).encode(),
    ],
    ids=["plain", "bom", "cp1252", "utf16", "crlf", "semicolons", "tabs", "spaces", "decimal-commas", "quotes"],
)
def test_every_dialect_gives_the_same_table(content: bytes, tmp_path: Path) -> None:
    """Separator, byte-order mark, encoding, line ends, quotes and decimal commas make no difference."""
    (tmp_path / "plain.csv").write_bytes(PLAIN.encode())
    (tmp_path / "table.csv").write_bytes(content)
    found = read(tmp_path / "table.csv", ("label",))
    pd.testing.assert_frame_equal(found, read(tmp_path / "plain.csv", ("label",)))
    assert found["age"].dtype == "float64" and set(found["colour"]) == {"blau", "grün"}


def test_what_is_written_like_a_number_and_is_more_stays_as_it_is(tmp_path: Path) -> None:
    """Postcodes keep their zeros, telephone numbers their plus, long numbers all digits; whole numbers with gaps stay whole."""
    path = tmp_path / "codes.csv"
    rows = ["01234,+4939459170,900719925474099007,4,4.0,+5,0.5", "99999,,,,,-3,", "12345,+4939459171,7,2,2.0,7,1.25"]
    path.write_text("\n".join(["zip,phone,customer,children,rooms,degrees,share", *rows, ""]))
    found = read(path)
    assert found["zip"].tolist() == ["01234", "99999", "12345"]
    assert found["phone"].dropna().tolist() == ["+4939459170", "+4939459171"]
    assert found["customer"].tolist() == [900719925474099007, pd.NA, 7] and found["children"].dtype == "Int64"
    assert [found[name].dtype for name in ("rooms", "degrees", "share")] == ["float64", "int64", "float64"]


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ('x,n\n"1,250",0.5\n"12,500",2\n950,3\n"2,000,000",4\n', [1250, 12500, 950, 2_000_000]),
        ("x\tn\n1,250.50\t1\n12,500\t2\n", [1250.5, 12500]),
        ("x\tn\n1,250\t1\n12,5\t2\n", [1.25, 12.5]),
        ("x;n\n1,250;1\n12,500;2\n", [1.25, 12.5]),
        ("x\tn\n0,250\t1\n1,500\t2\n", [0.25, 1.5]),
    ],
)
def test_a_comma_stands_before_thousands_where_a_dot_says_so(text: str, x: list[float], tmp_path: Path) -> None:
    """And before decimals where semicolons stand between the columns, or one cell can have no thousands."""
    (tmp_path / "t.csv").write_text(text)
    assert read(tmp_path / "t.csv")["x"].tolist() == x


@pytest.mark.parametrize("text", ['x,n\n"1,250",1\n"12,500",2\n', "x\tn\n1,250\t1\n" * 3])
def test_a_comma_that_may_be_either_is_refused(text: str, tmp_path: Path) -> None:
    """A guess would be wrong by a thousand."""
    (tmp_path / "t.csv").write_text(text)
    assert "numbers such as 1,250, which may be 1250 or 1.250" in one_line(lambda: read(tmp_path / "t.csv"))


def test_one_cell_far_down_says_what_all_commas_are(tmp_path: Path) -> None:
    """Whatever the first thousand lines look like."""
    (tmp_path / "t.csv").write_text("x\tn\n" + "1,250\t1\n" * 1500 + "1,5\t1\n")
    assert set(read(tmp_path / "t.csv")["x"]) == {1.25, 1.5}


def test_lists_of_numbers_are_text(tmp_path: Path) -> None:
    """And no number of thousands beside them changes that."""
    (tmp_path / "t.csv").write_text('x,n\n"1,2,3","1,000.5"\n"4,5,6","2,000"\n')
    assert read(tmp_path / "t.csv")["x"].tolist() == ["1,2,3", "4,5,6"]


def test_dates_with_and_without_a_zone_do_not_go_together(tmp_path: Path) -> None:
    """The line names the column."""
    for name, zone in (("table", ""), ("test", "+00:00")):
        frame = pd.DataFrame({"at": pd.to_datetime([f"2026-01-0{n}T00:00:00{zone}" for n in range(1, 5)])})
        frame.assign(label=["a", "b"] * 2).to_parquet(tmp_path / f"{name}.parquet")
    both = [read(tmp_path / f"{name}.parquet", ("label",)) for name in ("table", "test")]
    assert "column 'at' holds" in one_line(lambda: joined(*both, "test.parquet"))


def test_whole_numbers_with_gaps_keep_their_signs(tmp_path: Path) -> None:
    """A plus before a short number says nothing, a minus does."""
    (tmp_path / "t.csv").write_text("x,degrees\n1,+5\n2,\n3,-3\n")
    assert read(tmp_path / "t.csv")["degrees"].tolist() == [5, pd.NA, -3]


@pytest.mark.parametrize("code", ["01234", "+4939459170", "9007199254740993000"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_one_code_is_found_wherever_it_stands(code: str, encoding: str, tmp_path: Path) -> None:
    """In the last cell of a file as well as in the first."""
    (tmp_path / "t.csv").write_text(f"x,code\n1,7\n2,{code}\n", encoding=encoding)
    assert read(tmp_path / "t.csv")["code"].tolist() == ["7", code]


def test_codes_are_codes_in_the_test_file_too(tmp_path: Path) -> None:
    """A test file whose postcodes happen to have no leading zero agrees with the table."""
    table, test = pd.DataFrame({"zip": ["01234", "99999"]}), pd.DataFrame({"zip": [12345]})
    assert joined(table, test, "test.csv")["zip"].tolist() == ["01234", "99999", "12345"]


def replaced(before: str, after: str, count: int = -1) -> bytes:
    return PLAIN.replace(before, after, count).encode()


BAD = {
    "no-header": (ROWS.encode(), "looks like data"),
    "twice": (replaced(HEADER, "age,age,label"), "such as 'age'; rename one"),
    "no-label": (replaced(HEADER, "age,colour,lable"), "no column 'label'; found age, colour, lable; did you mean lable?"),
    "one-class": (replaced("no", "yes"), "has 1 class(es), at least 2 are needed"),
    "numbers-as-label": (b"x,label\n" + b"".join(b"1,%d.25\n" % n for n in range(60)), "60 different values in 60"),
    "delimiter": (replaced(",", "~"), "found one column"),
    "encodings": (PLAIN.replace("grün", "gr\udcfcn", 1).encode("utf-8", "surrogateescape"), "save all of it in UTF-8"),
    "no-rows": (f"{HEADER}\n".encode(), "without rows"),
    "empty": (b"", "an empty file"),
    "binary": (b"PK\0\1" * 9, "not a text file"),
    "infinite": (replaced("21.5", "inf", 1), "column 'age' is infinite in 1 row(s), first in row 2"),
    "ragged": (replaced("21.5,", "21.5,,", 1), "line 3"),
    "twins": (replaced("yes", "No", 1), "differ only in case"),
    "nothing-to-learn": (b"id,label\n" + b"".join(b"%d,%d\n" % (n, n % 2) for n in range(40)), "no column to learn from"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_gets_one_line_and_leaves_nothing(name: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Exit code 2, one line that says what was found, and no new file."""
    content, said = BAD[name]
    (tmp_path / "table.csv").write_bytes(content)
    code, text = init(tmp_path, "--table", str(tmp_path / "table.csv"), "--label", "label", capsys=capsys)
    assert code == 2 and said in text and text.count("\n") == 1, text
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([[1, 2]] * 40, "column 'odd' holds mixed values such as [1"),
        ([1j] * 40, "column 'odd' holds complex128"),
        ([pd.Timedelta("1h")] * 40, "column 'odd' holds timedelta64"),
    ],
    ids=["lists", "complex", "durations"],
)
def test_a_column_of_no_plain_type_is_named(
    column: list, said: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Parquet can hold what no column of a classifier can; the line names the column."""
    frame = pd.DataFrame({"odd": column, "label": ["a", "b"] * 20})
    if isinstance(column[0], complex):
        from pipelines.errors import UserError
        from pipelines.ingest.table_sources import tidy

        with pytest.raises(UserError, match=re.escape(said)):
            tidy(frame, "there")
        return
    frame.to_parquet(tmp_path / "table.parquet")
    code, text = init(tmp_path, "--table", str(tmp_path / "table.parquet"), "--label", "label", capsys=capsys)
    assert code == 2 and said in text and text.count("\n") == 1, text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--table", "nowhere.csv", "--label", "label"], "no such file"),
        (["--table", "table.xlsx", "--label", "label"], "a .xlsx file"),
        (["--table", "table.csv"], "--table needs --label"),
        (["--table", "table.csv", "--label", "label", "--group", "who"], "no column 'who'"),
        (["--table", "table.csv", "--label", "label", "--group", "label"], "both name 'label'"),
        (["--table", "table.csv", "--label", "label", "--test", "other.csv"], "lacks colour and adds color"),
        (["--table", "table.csv", "--label", "label", "--query", "select 1"], "goes with a database's URL"),
        (["--table", "table.csv", "--label", "label", "--image-size", "8"], "--image-size goes with --images"),
        (["--table", "table.csv", "--label", "label", "--attributes", "colour,color"], "no column 'color'; found"),
        (["--table", "table.csv", "--label", "label", "--attributes", "label"], "both name 'label'"),
        (["--table", "table.csv", "--label", "label", "--attributes", " ,"], "--attributes names no column"),
        (["--images", "images", "--label", "label"], "--label goes with --table"),
        (["--table", "sqlite:///none.db", "--label", "label"], "a URL with --query"),
        (["--table", "sqlite:///none.db", "--label", "label", "--query", "select * from x"], "no such table: x"),
        (["--table", "nosuch://u:secret@h/d", "--label", "label", "--query", "select 1"], "nosuch://h/d: "),
        (
            ["--table", "postgresql://u:p@ss:secret@h/d", "--label", "label", "--query", "select 1"],
            "the database's URL cannot be read; expected one like postgresql://",
        ),
    ],
)
def test_a_wrong_option_gets_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the option or the file, never a password, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    (tmp_path / "other.csv").write_text(PLAIN.replace("colour", "color"), encoding="utf-8")
    code, text = init(tmp_path, *arguments, capsys=capsys)
    assert code == 2 and said in text and text.count("\n") == 1, text
    assert "secret" not in text and not (tmp_path / "project").exists()


def test_init_says_what_it_takes_each_column_for(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Kinds, and weights that suit a table, stand in params.yaml, where a person can correct them."""
    frame = write_table(tmp_path / "table.csv", {"a": 40, "b": 12})
    code, text = init(tmp_path, "--table", str(tmp_path / "table.csv"), "--label", "income", capsys=capsys)
    assert code == 0, text
    given = files.read_yaml(tmp_path / "project/params.yaml")
    assert given["pretrain"]["faithful"] == given["train"]["faithful"] == FAITHFUL_ROWS
    prepare = given["prepare"]
    assert list(prepare["columns"]) == [name for name in frame if name != "income"]
    assert prepare["columns"] | {"<b>size</b>: \"x\"": "numeric", "no. of visits": "integer", "größe": "categorical"} == (
        prepare["columns"]
    )  # fmt: skip
    assert prepare["columns"]["empty"] == "constant" and prepare["columns"]["id"] == "identifier"
    assert "identifier: id" in text


def test_too_many_categories_are_an_identifier(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Over 10,000 texts that recur are no categories; a line says what is done instead."""
    words = [f"w{n % 10_001}" for n in range(20_002)]
    pd.DataFrame({"word": words, "x": np.arange(20_002) % 7, "label": np.arange(20_002) % 2}).to_csv(tmp_path / "t.csv")
    code, text = init(tmp_path, "--table", str(tmp_path / "t.csv"), "--label", "label", capsys=capsys)
    assert code == 0 and "column 'word' has 10001 different values and is taken for an identifier" in text


def test_a_database_answers_like_a_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The rows of a query and those of a file with the same rows give the same raw data."""
    frame = pd.DataFrame({"x": [1.5, None] * 20, "n": range(40), "label": ["a", "b"] * 20})
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        frame.to_sql("sales", connection, index=False)
    query = ["--query", "select * from sales", "--label", "label"]
    code, text = init(tmp_path, "--table", f"sqlite:///{tmp_path / 'shop.db'}", *query, capsys=capsys)
    assert code == 0, text
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "project/data/raw/table.parquet"), frame)


def test_a_query_that_fails_is_one_line_without_the_url(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Whoever raised it."""
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table people (label text)")
    url = f"sqlite:///{tmp_path}/shop.db"
    code, text = init(
        tmp_path, "--table", url, "--label", "label", "--query", "select nosuch from people", capsys=capsys
    )
    assert code == 2 and "nosuch" in text and "check the URL and the query" in text and text.count("\n") == 1


def test_without_sqlalchemy_a_line_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra; only databases need it."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    code, text = init(tmp_path, "--table", "sqlite:///x.db", "--query", "select 1", "--label", "label", capsys=capsys)
    assert code == 2 and text.endswith("pip install 'tailweight[pipeline]'\n") and text.count("\n") == 1
