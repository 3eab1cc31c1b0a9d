"""Parsing statement files of banks and acquirers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.parse_statement import ParsedStatement, parse_statement
from banking.statement_files import UnknownTable
from banking.statement_layouts import ColumnMapping, check_columns, propose_columns
from fakes.bank import LAYOUTS, BankAccount, BankMovement, render_statement
from kernel.errors import DomainError

TODAY = date(2026, 11, 24)

BCA = """Informasi Rekening - Mutasi Rekening
No. rekening : 0123456789
Nama : KOPERASI MELATI
Periode : 01/11/2026 - 24/11/2026
Kode Mata Uang : IDR

Tanggal Transaksi,Keterangan,Cabang,Jumlah,,Saldo
'01/11,SALDO AWAL,'0000,0.00,CR,"1,000,000.00"
'05/11,TRSF E-BANKING CR 0511/FTSCY/WS95221, SITI RAHMA,'0000,"50,123.00",CR,"1,050,123.00"
'06/11,"BUNGA",'0000,"1,234.56",CR,"1,051,357.56"
'07/11,'TARIKAN ATM,'0000,"200,000.00",DB,"851,357.56"
'PEND,TRSF E-BANKING CR BUDI,'0000,"75,001.00",CR,"926,358.56"
Saldo Awal,=,"1,000,000.00"
Mutasi Kredit,=,"51,357.56",2
"Saldo Akhir : 851,357.56"
"""

BCA_ENGLISH = """Account No.,=,'0123456789
Name,=,KOPERASI MELATI
Currency,=,IDR

Date,Description,Branch,Amount,,Balance
'05/11/2026,TRSF E-BANKING CR 0511/FTSCY/WS95221      50123.00,'0000,50123.00,CR,1050123.00
Starting Balance,=,1000000.00
Credit,=,50123.00
Debet,=,
Ending Balance,=,1050123.00
"""

BRI_INTERNET = """Laporan Mutasi Rekening;;;;;
No. Rekening : 0012-01-000123-50-9;;;;;

Tanggal Transaksi;Uraian Transaksi;Teller;Debet;Kredit;Saldo
05/11/26;NBMB SITI RAHMA TO KOPERASI MELATI;0888807;0,00;50.123,00;1.050.123,00
06/11/26;BIAYA ADM;0000000;2.500,00;0,00;1.047.623,00
Total;;;2.500,00;50.123,00;
"""

BNI_MARKED = """Posting Date,Effective Date,Branch,Journal,Transaction Description,Amount,DB/CR,Balance
05/11/26 10.15.30,05/11/26,0998,700123,TRF SITI RAHMA,"50,123.00",K,"1,050,123.00"
06/11/26 10.15.30,06/11/26,0998,700124,BIAYA,"2,500.00",D,"1,047,623.00"
"""

ACQUIRER = """Laporan Transaksi QRIS
Merchant;Koperasi Melati

Waktu;ID Transaksi;Nama Pelanggan;Nominal;Status
2026-11-05 10:01:02;QR0001;S*** R***;50.123;Berhasil
2026-11-05 10:03:02;QR0002;B*** S***;75.000;Gagal
2026-11-05 10:04:02;QR0003;B*** S***;75.000;Berhasil
"""


def parse(
    content: str | bytes, *, today: date = TODAY, method: str = "bank_transfer", **more: object
) -> ParsedStatement:
    found = parse_statement(content, method=method, today=today, **more)  # type: ignore[arg-type]
    assert isinstance(found, ParsedStatement)
    return found


def dated_amounts(found: ParsedStatement) -> list[tuple[date, int]]:
    return [(movement.day, movement.amount) for movement in found.transactions]


def test_bca_is_read_without_its_preamble_its_sums_and_what_is_not_booked_yet() -> None:
    found = parse(BCA)
    assert (found.layout, found.account, found.pending, found.bad_lines) == ("bca", "0123456789", 1, [])
    assert dated_amounts(found) == [
        (date(2026, 11, 5), 50_123),
        (date(2026, 11, 6), 1_234),
        (date(2026, 11, 7), -200_000),
    ]
    assert [movement.has_sen for movement in found.transactions] == [False, True, False]
    assert [movement.line for movement in found.transactions] == [9, 10, 11]


def test_a_comma_in_unquoted_words_of_bca_stays_a_comma_of_the_words() -> None:
    assert parse(BCA).transactions[0].text == "TRSF E-BANKING CR 0511/FTSCY/WS95221 SITI RAHMA"


def test_bca_in_english_is_the_same_bank() -> None:
    found = parse(BCA_ENGLISH)
    assert (found.layout, found.account, dated_amounts(found)) == (
        "bca",
        "0123456789",
        [(date(2026, 11, 5), 50_123)],
    )


def test_bri_internet_banking_is_not_taken_for_bca() -> None:
    found = parse(BRI_INTERNET)
    assert (found.layout, found.account) == ("bri", "001201000123509")
    assert dated_amounts(found) == [(date(2026, 11, 5), 50_123), (date(2026, 11, 6), -2_500)]


def test_bni_with_marks_tells_what_came_and_what_went() -> None:
    assert dated_amounts(parse(BNI_MARKED)) == [(date(2026, 11, 5), 50_123), (date(2026, 11, 6), -2_500)]


@pytest.mark.parametrize("bank", LAYOUTS)
def test_each_bank_tells_the_same_movements(bank: str) -> None:
    at = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
    movements = [
        BankMovement(at, 50_123, "TRSF SITI RAHMA", "KOPA1B2C3"),
        BankMovement(at + timedelta(hours=1), -2_500, "BIAYA ADM"),
        BankMovement(at + timedelta(days=1), 1_250_000, "SETORAN TUNAI"),
    ]
    found = parse(render_statement(bank, movements, BankAccount(number="0123456789")))
    assert found.layout == bank.partition("_")[0]
    assert dated_amounts(found) == [
        (date(2026, 11, 5), 50_123),
        (date(2026, 11, 5), -2_500),
        (date(2026, 11, 6), 1_250_000),
    ]
    assert "SITI RAHMA" in found.transactions[0].text
    assert found.account == ("" if bank == "bni" else "0123456789")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_letters_and_line_ends_of_a_file_do_not_matter(encoding: str, end: str) -> None:
    content = BCA.replace("BUNGA", "BUNGA \u2013 PAJAK").replace("\n", end).encode(encoding)
    found = parse(content)
    assert dated_amounts(found) == dated_amounts(parse(BCA))
    assert found.transactions[1].text == "BUNGA \u2013 PAJAK"


def test_a_file_saved_again_by_a_spreadsheet_with_semicolons_is_read() -> None:
    content = (
        "sep=;\nTanggal Transaksi;Keterangan;Cabang;Jumlah;;Saldo\n05/11/2026;TRSF "
        "SITI;0000;50123;CR;1050123\n"
    )
    found = parse(content)
    assert dated_amounts(found) == [(date(2026, 11, 5), 50_123)]
    assert found.transactions[0].line == 3


def test_a_spreadsheet_is_refused_with_the_way_out() -> None:
    with pytest.raises(DomainError) as refused:
        parse_statement(b"PK\x03\x04xxxx", method="bank_transfer", today=TODAY)
    assert refused.value.code == "kernel.csv_not_text"


def test_a_file_without_a_table_is_refused() -> None:
    with pytest.raises(DomainError) as refused:
        parse_statement("Halo, ini surat.\nBukan mutasi.\n", method="bank_transfer", today=TODAY)
    assert refused.value.code == "payments.statement_no_table"


def test_a_table_without_lines_is_refused() -> None:
    with pytest.raises(DomainError) as refused:
        parse_statement(
            BCA_ENGLISH.replace(BCA_ENGLISH.splitlines()[5], ""), method="bank_transfer", today=TODAY
        )
    assert refused.value.code == "payments.statement_no_lines"


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("'07/11", "'31/02", "statement_not_a_day"),
        ("'07/11", "'07/12", "statement_day_outside_period"),
        ("'07/11", "'tujuh", "statement_not_a_day"),
        ('"200,000.00"', '"200,00.00"', "statement_not_money"),
        ('"200,000.00",DB', ",DB", "statement_no_amount"),
        ('"200,000.00",DB', '"200,000.00",', "statement_not_marked"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_its_number(was: str, now: str, code: str) -> None:
    found = parse(BCA.replace(was, now))
    assert [(bad.line, bad.reason.code) for bad in found.bad_lines] == [(11, f"payments.{code}")]


def test_a_line_that_goes_both_ways_is_told() -> None:
    found = parse(BRI_INTERNET.replace("0,00;50.123,00", "1,00;50.123,00"))
    assert [bad.reason.code for bad in found.bad_lines] == ["payments.statement_both_ways"]


def test_a_quotation_mark_without_partner_is_told_with_its_line() -> None:
    with pytest.raises(DomainError) as refused:
        parse_statement(BCA.replace("'TARIKAN ATM", '"TARIKAN ATM'), method="bank_transfer", today=TODAY)
    assert refused.value.code == "kernel.csv_broken_quotes"


def test_an_unknown_table_is_shown_for_its_columns_to_be_told() -> None:
    found = parse_statement(ACQUIRER, method="qris", today=TODAY)
    assert isinstance(found, UnknownTable)
    assert found.header == ("Waktu", "ID Transaksi", "Nama Pelanggan", "Nominal", "Status")
    assert found.samples[0] == ("2026-11-05 10:01:02", "QR0001", "S*** R***", "50.123", "Berhasil")
    assert propose_columns(found.header) == {"date": 0, "text": 1, "amount": 3, "outcome": 4}


def test_a_table_is_read_by_what_an_officer_said_of_it_and_failed_payments_are_left_out() -> None:
    unknown = parse_statement(ACQUIRER, method="qris", today=TODAY)
    assert isinstance(unknown, UnknownTable)
    columns = ColumnMapping(date=0, texts=(1, 2), amount=3, outcome=4, by_sign=True)
    found = parse(ACQUIRER, method="qris", saved_layouts={unknown.fingerprint: columns})
    assert dated_amounts(found) == [(date(2026, 11, 5), 50_123), (date(2026, 11, 5), 75_000)]
    assert found.skipped == 1
    assert found.transactions[0].text == "QR0001 S*** R***"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        (ColumnMapping(date=0, texts=(1,), amount=9), "statement_no_such_column"),
        (ColumnMapping(date=0, texts=(), amount=2), "statement_no_such_column"),
        (ColumnMapping(date=0, texts=(1,), amount=1), "statement_column_twice"),
        (ColumnMapping(date=0, texts=(1,), debit=2), "statement_amount_column_missing"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(columns: ColumnMapping, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        check_columns(columns, 5)
    assert refused.value.code == f"payments.{code}"


def test_the_same_file_has_the_same_fingerprints_and_another_way_has_others() -> None:
    prints = [movement.fingerprint for movement in parse(BCA).transactions]
    assert prints == [movement.fingerprint for movement in parse(BCA).transactions]
    assert not set(prints) & {movement.fingerprint for movement in parse(BCA, method="qris").transactions}


lines = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.sampled_from(["TRSF SITI", "TRSF BUDI"])),
    min_size=1,
    max_size=12,
)


@given(lines=lines, keep=st.integers(0, 11), backwards=st.booleans())
def test_a_longer_statement_holds_every_line_of_a_shorter_one_and_equal_lines_stay_apart(
    lines: list[tuple[int, int, str]], keep: int, *, backwards: bool
) -> None:
    rows = [f"0{day}/11/26;{text};0;0;{amount};0" for day, amount, text in sorted(lines)]
    head = "Tanggal Transaksi;Uraian Transaksi;Teller;Debet;Kredit;Saldo\n"
    longer = parse(head + "\n".join(reversed(rows) if backwards else rows))
    shorter = parse(head + "\n".join(rows[: keep + 1]))
    assert len({movement.fingerprint for movement in longer.transactions}) == len(lines)
    assert {movement.fingerprint for movement in shorter.transactions} <= {
        movement.fingerprint for movement in longer.transactions
    }


def error_status_of(content: bytes | str) -> int:
    """Return the HTTP status of the error that parsing raises; 422 too where it raises none."""
    try:
        parse_statement(content, method="bank_transfer", today=TODAY)
    except DomainError as error:
        return error.status
    return 422


@given(content=st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_whatever_is_sent_is_read_or_refused(content: bytes | str) -> None:
    assert error_status_of(content) == 422


@given(noise=st.lists(st.text(alphabet="0123456789.,-/ CRDB'\"abc;", max_size=30), max_size=8))
def test_noise_below_a_header_is_read_told_or_refused(noise: list[str]) -> None:
    assert error_status_of("Date,Description,Branch,Amount,,Balance\n" + "\n".join(noise)) == 422
