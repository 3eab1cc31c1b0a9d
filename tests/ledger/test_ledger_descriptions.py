"""What journals say: a code with parameters is stored, and put into words in the reader's language."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import as_reader
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal, reverse_journal
from ledger.chart import BANK, CASH
from ledger.descriptions import DESCRIPTIONS, JournalDescription, describe, parse_description
from ledger.queries import find_journal
from ledger.report_queries import export_journals

DAY = date(2026, 5, 4)
LINES = [JournalLine.to_debit(CASH, Rupiah(5)), JournalLine.to_credit(BANK, Rupiah(5))]


@pytest.mark.parametrize(
    ("description", "indonesian", "english"),
    [
        (describe("shop.sale", number=1042), "Penjualan, pesanan 1042", "Sale, order 1042"),
        (
            describe("shop.imported_sale", day=date(2025, 8, 4), number="0007"),
            "Penjualan tunai 4 Agustus 2025, anggota 0007 (impor)",
            "Cash sale on 4 August 2025, member 0007 (import)",
        ),
        (
            describe("payments.paid", label="Pesanan 7", method="cash"),
            "Pesanan 7 dibayar, Tunai saat barang diterima",
            "Pesanan 7 paid, Cash on hand-over",
        ),
        (
            describe("payments.paid", label=describe("shop.order", number=1042), method="cash"),
            "Pesanan 1042 dibayar, Tunai saat barang diterima",
            "Order 1042 paid, Cash on hand-over",
        ),
        (
            describe(
                "payments.refund",
                label=describe("payments.top_up"),
                reason=describe("payments.refunded_at_provider", method="stripe"),
            ),
            "Pengembalian uang, Isi dompet (Dikembalikan di Kartu (Stripe))",
            "Refund, Wallet top-up (Refunded at Card (Stripe))",
        ),
        (
            describe("shop.opening_stocks", count=1),
            "Saldo awal persediaan, 1 macam barang",
            "Opening stock, 1 product",
        ),
        (JournalDescription(text="Listrik {Maret}"), "Listrik {Maret}", "Listrik {Maret}"),
        (JournalDescription("shop.unknown", {}), "shop.unknown", "shop.unknown"),
        (JournalDescription("shop.sale", {"title": 1}), "shop.sale", "shop.sale"),
        (
            JournalDescription("shop.imported_sale", {"day": "soon"}),
            "shop.imported_sale",
            "shop.imported_sale",
        ),
        (JournalDescription("ledger.reversal", {"original": 7}), "ledger.reversal", "ledger.reversal"),
    ],
)
def test_a_description_is_said_in_each_language_also_after_it_was_stored(
    description: JournalDescription, indonesian: str, english: str
) -> None:
    stored = parse_description(description.to_json())
    assert (stored.localize("id"), stored.localize("en")) == (indonesian, english)


def test_a_description_takes_the_parameters_of_its_sentence_and_no_others() -> None:
    with pytest.raises(KeyError):
        describe("shop.sail", number=1)
    with pytest.raises(TypeError):
        describe("shop.sale")
    with pytest.raises(TypeError):
        describe("shop.sale", number=1, name="Sari")


def test_what_a_member_is_called_does_not_become_a_placeholder() -> None:
    said = describe("credit.top_up", name="{number}", number="7")
    assert said.localize("id") == "Isi dompet {number} (7)"


def test_each_code_is_that_of_the_room_that_posts_it() -> None:
    rooms = {"banking", "credit", "ledger", "members", "payments", "savings", "shop"}
    assert {code.split(".")[0] for code in DESCRIPTIONS} == rooms


async def test_the_books_hold_the_code_and_a_reversal_holds_the_description_it_reverses(
    db: AsyncSession,
) -> None:
    posted = await post_journal(db, Journal(DAY, describe("shop.sale", number=7), "t:1", LINES), by="t")
    mirror = await reverse_journal(db, posted.number, on=DAY, reason="salah {n}", by="t")
    rows = text("SELECT description, description_code FROM journals WHERE number = :number")
    assert tuple((await db.execute(rows, {"number": posted.number})).one()) == (None, "shop.sale")
    found = await find_journal(db, mirror.number)
    assert found is not None
    assert found.description.localize("id") == "Pembalikan: Penjualan, pesanan 7 (salah {n})"
    assert found.description.localize("en") == "Reversal: Sale, order 7 (salah {n})"
    exported = [row async for batch in export_journals(as_reader(db)) for row in batch]
    assert exported[-2][2] == "Penjualan, pesanan 7"
