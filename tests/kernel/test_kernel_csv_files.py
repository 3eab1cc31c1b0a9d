"""CSV files as spreadsheets write them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.csv_files import CsvFile, escape_formula, render_rejected_csv, stream_csv
from kernel.errors import DomainError

COLUMNS = ("sku", "name")
PLAIN = "sku,name\nA,Beras\nB,Gula\n"


def read_cells(content: bytes | str) -> list[tuple[str, ...]]:
    return [row.cells for row in CsvFile(content, COLUMNS).rows()]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(",", ";").encode(),
        b"\xef\xbb\xbf" + PLAIN.replace(",", ";").replace("\n", "\r\n").encode(),
        b'"sku","name"\nA,"Beras"\n"B",Gula',
        b"\n\nSKU , Name\n\n A , Beras \n,\nB,Gula\n",
        b"name,sku\nBeras,A\nGula,B\n",
        b"sku,name,,\nA,Beras,,\nB,Gula,,\n",
        b"sku,name,reason\nA,Beras,old reason\nB,Gula,\n",
    ],
    ids=[
        "plain",
        "mark",
        "crlf",
        "cr",
        "semicolon",
        "excel",
        "quoted",
        "blank lines",
        "order",
        "empty columns",
        "reason",
    ],
)
def test_every_usual_manner_reads_the_same(content: bytes) -> None:
    assert read_cells(content) == [("A", "Beras"), ("B", "Gula")]


@pytest.mark.parametrize(
    "expected_text", ["sep=;\r\n", "SEP=;\n", '"sep=;"\r\n', "\ufeffsep=;\r\n", "sep=;;\r\n"]
)
def test_the_line_that_excel_puts_before_the_header_is_read_and_counted(expected_text: str) -> None:
    file = CsvFile(expected_text + "sku;name\r\nA;Beras, pulen\r\nB;Gula\r\n", COLUMNS)
    assert [(row.line, row.cells) for row in file.rows()] == [(3, ("A", "Beras, pulen")), (4, ("B", "Gula"))]
    assert read_cells(render_rejected_csv(file, {3: "wrong"})) == [("A", "Beras, pulen")]


def test_a_told_comma_is_read_too_and_a_broken_quotation_names_its_line() -> None:
    assert read_cells("sep=,\nsku,name\nA;1,Beras;B\n") == [("A;1", "Beras;B")]
    with pytest.raises(DomainError) as caught:
        list(CsvFile('sep=;\nsku;name\nA;"Beras\n', COLUMNS).rows())
    assert caught.value.params["line"] == 3


def test_a_quoted_cell_may_hold_the_separator_a_quote_and_a_line_end() -> None:
    content = 'sku;name\r\nA;"Teh ""melati""; tubruk\r\nisi 20"\r\nB;Gula\r\n'
    assert read_cells(content) == [("A", 'Teh "melati"; tubruk\r\nisi 20'), ("B", "Gula")]


def test_a_line_bears_the_number_that_an_editor_shows() -> None:
    rows = CsvFile('\nsku,name\r\n\r\nA,"two\r\nlines"\r\nB,x\r\n', COLUMNS).rows()
    assert [row.line for row in rows] == [4, 6]


def test_a_line_with_too_few_or_too_many_cells_is_told_apart() -> None:
    rows = list(CsvFile("sku,name\nA\nB,x,y\nC,x,\n", COLUMNS).rows())
    assert [(row.line, row.is_complete) for row in rows] == [(2, False), (3, False), (4, True)]


@pytest.mark.parametrize(
    ("content", "code", "expected_text"),
    [
        (b"", "kernel.csv_empty", "sku, name"),
        (b"  \n\n", "kernel.csv_empty", "sku, name"),
        (b"sku,nama\nA,x\n", "kernel.csv_missing_columns", "name"),
        (b"sku,name,price\nA,x,1\n", "kernel.csv_unknown_columns", "price"),
        (b"sku,name,sku\nA,x,A\n", "kernel.csv_repeated_column", "sku"),
        (b'sku,name\nA,x\nB,"open\nC,x\n', "kernel.csv_broken_quotes", "line 3"),
        (b'sku,"name\nA,x\n', "kernel.csv_broken_quotes", "line 1"),
        ("sku,name\nA,x\nB,Cr\u00e8me\n".encode("cp1252"), "kernel.csv_not_utf8", "Windows-1252"),
        ("sku,name\nA,x\n".encode("utf-16"), "kernel.csv_not_text", "UTF-16"),
        (b"PK\x03\x04rest", "kernel.csv_not_text", ".xlsx"),
    ],
)
def test_a_file_that_cannot_be_used_says_the_way_out(content: bytes, code: str, expected_text: str) -> None:
    with pytest.raises(DomainError) as refused:
        list(CsvFile(content, COLUMNS).rows())
    assert refused.value.code == code
    assert expected_text in str(refused.value)


def test_windows_1252_names_the_line_and_what_to_do_in_excel() -> None:
    with pytest.raises(DomainError) as refused:
        CsvFile("sku,name\nA,x\nB,Cr\u00e8me\n".encode("cp1252"), COLUMNS)
    sentence = str(refused.value)
    assert "Line 3" in sentence
    assert "CSV UTF-8" in sentence


def test_bad_lines_are_given_back_in_the_files_own_manner_and_can_be_read_again() -> None:
    file = CsvFile('\ufeffname;sku\r\n"a; b";A\r\nok;B\r\nshort\r\n', COLUMNS)
    given_back = render_rejected_csv(file, {2: "wrong; really", 4: "too short"})
    assert given_back == '\ufeffname;sku;reason\r\n"a; b";A;"wrong; really"\r\nshort;;too short\r\n'
    again = CsvFile(given_back, COLUMNS)
    assert [row.cells for row in again.rows()] == [("A", "a; b"), ("", "short")]
    assert render_rejected_csv(again, {2: "still"}) == '\ufeffname;sku;reason\r\n"a; b";A;still\r\n'


@pytest.mark.parametrize("cell", ["=1+1", "+62", "-3", "@x", "\tx"])
def test_an_export_runs_no_formula(cell: str) -> None:
    assert escape_formula(cell) == f"'{cell}"
    assert next(stream_csv(["a"], [(cell, -3)])) == f"a\r\n'{cell},-3\r\n"


def test_an_export_comes_in_pieces() -> None:
    pieces = list(stream_csv(["n"], ([n] for n in range(5_000))))
    assert len(pieces) == 3
    assert "".join(pieces).split() == ["n", *map(str, range(5_000))]


@given(
    st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=8),
    st.sampled_from(",;"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_what_a_csv_writer_writes_is_read_back(
    rows: list[tuple[str, str]], delimiter: str, line_end: str, marked: bool
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    sound = [
        row for row in rows if not any("\ud800" <= letter <= "\udfff" for cell in row for letter in cell)
    ]
    writer.writerows(sound)
    content = out.getvalue().encode("utf-8-sig" if marked else "utf-8")
    expected = [tuple(cell.strip() for cell in row) for row in sound if any(cell.strip() for cell in row)]
    assert read_cells(content) == expected
