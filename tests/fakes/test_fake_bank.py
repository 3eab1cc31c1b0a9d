"""The fake bank writes statement files in the banks' formats."""

import csv
from datetime import UTC, datetime

import httpx
import pytest

from fakes.asgi_server import serve
from fakes.bank import LAYOUTS, BankAccount, BankMovement, FakeBank, render_statement

CAME = BankMovement(
    datetime(2026, 11, 24, 3, 5, 9, tzinfo=UTC), 50_123, "TRSF E-BANKING CR 2411 SITI", "KOP123"
)
WENT = BankMovement(datetime(2026, 11, 24, 17, 30, tzinfo=UTC), -2_500, "BIAYA ADM")


def _lines(bank: str) -> list[str]:
    return render_statement(bank, [WENT, CAME], BankAccount(opening=100_000)).decode().splitlines()


def test_bca_tells_the_year_in_the_period_alone() -> None:
    lines = _lines("bca")
    assert "Periode : 24/11/2026 - 25/11/2026" in lines
    assert '\'24/11,TRSF E-BANKING CR 2411 SITI,\'0000,"50,123.00",CR,"150,123.00"' in lines
    assert '\'25/11,BIAYA ADM,\'0000,"2,500.00",DB,"147,623.00"' in lines
    assert lines[-1] == "Saldo Akhir : 147,623.00"


def test_bca_for_businesses_puts_amount_and_side_in_one_column() -> None:
    assert ('"24/11","TRSF E-BANKING CR 2411 SITI","0000","50,123.00 CR","150,123.00"') in _lines(
        "bca_business"
    )


def test_mandiri_spells_the_month_and_puts_credit_first() -> None:
    assert _lines("mandiri")[1].split(";")[2:] == [
        "24 November 2026 10:05:09",
        "TRSF E-BANKING CR 2411 SITI   ",
        "KOP123",
        "50123.00",
        "0.00",
        "150123.00",
    ]


def test_mandiris_older_export_has_two_columns_of_one_name() -> None:
    header, first, second = list(csv.reader(_lines("mandiri_older")))
    assert header.count("Description") == 2
    assert (first[1], first[-2:]) == ("24/11/26", [".00", "50,123.00"])
    assert second[-2:] == ["2,500.00", ".00"]


def test_bri_has_the_columns_of_its_core_system() -> None:
    row = next(csv.DictReader(_lines("bri")))
    assert (row["TGL_TRAN"], row["MUTASI_KREDIT"], row["SALDO_AKHIR_MUTASI"]) == (
        "2026-11-24 10:05:09",
        "50123.00",
        "150123.00",
    )
    assert len(row) == 19


def test_bni_ends_every_line_with_a_comma() -> None:
    lines = _lines("bni")
    assert all(line.endswith(",") for line in lines)
    assert lines[1].startswith("24/11/26 10.05.09,")


@pytest.mark.parametrize("bank", LAYOUTS)
async def test_a_statement_is_downloaded_for_the_days_asked_for(bank: str) -> None:
    fake = FakeBank(BankAccount(opening=100_000))
    fake.credit(10_000, "KEMARIN", at=datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    fake.credit(50_123, "HARI INI", at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
    async with serve(fake.app) as url, httpx.AsyncClient(base_url=str(url), trust_env=False) as client:
        answer = await client.get(f"/{bank}/mutasi.csv", params={"since": "2026-11-24"})
        assert answer.status_code == 200
        assert "HARI INI" in answer.text
        assert "KEMARIN" not in answer.text
        if bank not in {"mandiri_older", "bni"}:
            assert "160123.00" in answer.text.replace(",", "")
        assert (await client.get("/bank-lain/mutasi.csv")).status_code == 404
