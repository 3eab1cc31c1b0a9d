"""The receipt of a payment: its sums, who sees the name, and the PDF, whose text is extracted."""

import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.payment_statuses import create_payment_in_status, enable_methods, top_up_wallet
from kernel.database import Database
from payments.models import Payment
from payments.payer_queries import PayerPaymentView, PayerRefundView
from payments.payer_status import payer_status
from payments.receipts import build_receipt, render_receipt_pdf
from tenants.registry import TenantRef
from tenants.session import coop_session
from ui.context import Brand

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
MELATI = Brand("Koperasi Melati", address="Jalan Kenari 4, Bantul", phone="0899-0000-0000")


def view(**changed: Any) -> PayerPaymentView:
    given: dict[str, Any] = {
        "id": UUID(int=1),
        "reference": "L7K3ABCDEFGH",
        "purpose": "order",
        "subject_id": UUID(int=2),
        "label": "Pesanan 1042",
        "method": "bank_transfer",
        "status": "paid",
        "amount": 75_123,
        "unique_suffix": 123,
        "member_id": None,
        "payer_name": "Tono Suprapto",
        "redirect_url": None,
        "instructions": {},
        "live": True,
        "opened_at": NOW - timedelta(hours=2),
        "expires_at": NOW,
        "settled_at": NOW,
        "ended_at": None,
        "late": False,
        "applied_to": "purpose",
        "refunded": 0,
        "exceptions": 0,
        "checked_at": None,
        "payer_claimed_at": None,
        "processing_since": None,
    }
    return PayerPaymentView(**(given | changed))


def refund(amount: int, state: str = "done") -> PayerRefundView:
    return PayerRefundView(amount, "by_hand", state, NOW, NOW if state == "done" else None)


def objects_of(pdf: bytes) -> dict[int, bytes]:
    """Return the objects of a PDF by number, compressed streams included."""
    objects = {int(number): body for number, body in re.findall(rb"(?s)(\d+) 0 obj\s(.*?)endobj", pdf)}
    for body in list(objects.values()):
        if b"/ObjStm" in body:
            packed = _inflated(body)
            first, count = (int(re.search(rb"/%s (\d+)" % name, body)[1]) for name in (b"First", b"N"))  # type: ignore[index]
            heads = [int(each) for each in packed[:first].split()][: 2 * count]
            ends = [*heads[3::2], len(packed) - first]
            for number, start, end in zip(heads[::2], heads[1::2], ends, strict=True):
                objects[number] = packed[first + start : first + end]
    return objects


def text_of(pdf: bytes) -> str:
    """Return the text of a PDF, by its tables that map glyphs to letters.

    Fonts are kept apart by their objects.
    """
    objects = objects_of(pdf)
    letters = {}
    for number, body in objects.items():
        table = re.search(rb"/ToUnicode (\d+) 0 R", body)
        if table:
            letters[number] = _letters(_inflated(objects[int(table[1])]).decode())
    names = {
        name.decode(): letters[int(number)]
        for body in objects.values()
        for name, number in re.findall(rb"/(\w+) (\d+) 0 R", body)
        if int(number) in letters
    }
    found = []
    for body in objects.values():
        if b"stream" in body and b"/Length" in body:
            content = _inflated(body)
            if b" Tf" in content:
                found.append(_words(content.decode("latin-1"), names))
    return "\n".join(found)


def _inflated(body: bytes) -> bytes:
    raw = body.partition(b"stream")[2].lstrip(b"\r\n")
    try:
        return zlib.decompressobj().decompress(raw)
    except zlib.error:
        return b""


def _letters(table: str) -> dict[str, str]:
    found = {}
    for glyph, letter in re.findall(r"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>", table):
        found[glyph.lower()] = bytes.fromhex(letter).decode("utf-16-be")
    return found


def _words(content: str, names: dict[str, dict[str, str]]) -> str:
    words, font, at = [], {}, 0
    while at < len(content):
        if content[at] == "(":
            raw, at = _string(content, at + 1)
            words.append("".join(font.get(raw[each : each + 2].hex(), "") for each in range(0, len(raw), 2)))
        elif chosen := re.compile(r"/(\w+) [\d.]+ Tf").match(content, at):
            font, at = names[chosen[1]], chosen.end()
        elif content.startswith("ET", at):
            words.append(" ")
            at += 2
        else:
            at += 1
    return "".join(words)


def _string(content: str, at: int) -> tuple[bytes, int]:
    """Return the string that begins here and its end; paired brackets may be unescaped in it."""
    named = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
    raw, depth = "", 1
    while True:
        letter = content[at]
        at += 1
        if letter == "\\":
            marked = re.compile(r"[0-7]{1,3}|.", re.DOTALL).match(content, at)
            assert marked is not None
            at = marked.end()
            raw += chr(int(marked[0], 8)) if marked[0][0] in "01234567" else named.get(marked[0], marked[0])
            continue
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            return raw.encode("latin-1"), at
        raw += letter


def test_its_lines_sum_to_what_came() -> None:
    receipt = build_receipt(view(), [], MELATI, "id", NOW, with_payer_name=False)
    assert receipt is not None
    assert receipt.lines == [("Pesanan 1042", 75_000), ("Angka pengenal transfer", 123)]
    assert sum(amount for _, amount in receipt.lines) == receipt.total == receipt.net_total == 75_123
    assert receipt.when == "24 November 2026 14.05 WIB"
    assert receipt.payer is None


def test_what_went_back_is_taken_off_and_what_is_on_its_way_is_not() -> None:
    paper = view(status="partly_refunded", refunded=20_000)
    receipt = build_receipt(
        paper, [refund(20_000), refund(5_000, "pending")], MELATI, "id", NOW, with_payer_name=True
    )
    assert receipt is not None
    assert [amount for _, amount in receipt.refunds] == [20_000]
    assert receipt.net_total == 55_123
    assert receipt.payer == "Tono Suprapto"


@pytest.mark.parametrize("status", ["awaiting", "failed", "expired", "cancelled"])
def test_without_money_there_is_no_receipt(status: str) -> None:
    assert (
        build_receipt(view(status=status, settled_at=None), [], MELATI, "id", NOW, with_payer_name=False)
        is None
    )


def test_it_says_where_late_money_lies_and_what_was_a_trial() -> None:
    for applied_to, says in (("wallet", "dompet"), ("owed", "dikembalikan")):
        receipt = build_receipt(
            view(applied_to=applied_to, late=True), [], MELATI, "id", NOW, with_payer_name=False
        )
        assert receipt is not None
        assert any(says in note for note in receipt.notes)
    trial = build_receipt(view(live=False), [], MELATI, "id", NOW, with_payer_name=False)
    assert trial is not None
    assert any("Uji coba" in note for note in trial.notes)


@pytest.mark.parametrize(
    ("method", "state", "title", "expected"),
    [
        ("kasbon", "on_kasbon", "Bukti kasbon", "Dicatat sebagai kasbon."),
        ("payroll", "on_payroll", "Bukti potong gaji", "Dicatat untuk dipotong dari gaji."),
    ],
)
async def test_what_is_owed_is_never_called_paid(method: str, state: str, title: str, expected: str) -> None:
    owed = view(method=method, amount=75_000, unique_suffix=0)
    assert payer_status(owed, NOW) == state
    receipt = build_receipt(owed, [], MELATI, "id", NOW, with_payer_name=True)
    assert receipt is not None
    assert receipt.title == title
    assert receipt.notes == [f"{expected} Bukti ini bukan tanda lunas."]
    written = text_of(await render_receipt_pdf(receipt, MELATI, "id"))
    assert "bukan tanda lunas" in written
    assert "Diterima" not in written


async def test_the_pdf_is_one_narrow_page_with_all_that_the_receipt_says() -> None:
    receipt = build_receipt(
        view(status="partly_refunded", refunded=20_000),
        [refund(20_000)],
        MELATI,
        "id",
        NOW,
        with_payer_name=True,
    )
    assert receipt is not None
    pdf = await render_receipt_pdf(receipt, MELATI, "id")
    assert pdf.startswith(b"%PDF-")
    pages = [body for body in objects_of(pdf).values() if re.search(rb"/Type\s*/Page\b(?!s)", body)]
    assert len(pages) == 1
    width = float(re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+)", pages[0])[1])  # type: ignore[index]
    assert round(width / 72 * 25.4) == 105  # millimetres
    text = text_of(pdf)
    for words in (
        "Koperasi Melati",
        "Jalan Kenari 4, Bantul",
        "Bukti pembayaran",
        "L7K3ABCDEFGH",
        "24 November 2026 14.05 WIB",
        "Pesanan 1042",
        "Rp75.000",
        "Rp123",
        "Rp75.123",
        "-Rp20.000",
        "Rp55.123",
        "Transfer bank",
        "Tono Suprapto",
    ):
        assert words in text, (words, text)


async def test_what_stands_in_the_pdf_is_never_read_as_typst() -> None:
    evil = '#panic("x") *tebal* $x$ @a <b> //'
    receipt = build_receipt(view(label=evil), [], Brand(evil), "id", NOW, with_payer_name=False)
    assert receipt is not None
    assert '#panic("x") *tebal* $x$ @a <b> //' in text_of(
        await render_receipt_pdf(receipt, Brand(evil), "id")
    )


async def test_the_same_receipt_gives_the_same_bytes() -> None:
    receipt = build_receipt(view(), [], MELATI, "en", NOW, with_payer_name=False)
    assert receipt is not None
    assert await render_receipt_pdf(receipt, MELATI, "en") == await render_receipt_pdf(receipt, MELATI, "en")


@pytest.fixture
async def paid(database: Database, melati: TenantRef) -> tuple[Payment, Payment]:
    """A visitor's paid order, and member 0001's filled wallet."""
    async with coop_session(database, melati) as db:
        await enable_methods(db)
        return await create_payment_in_status(db, "paid"), await top_up_wallet(db, 50_000)


async def test_the_name_is_for_the_payer_and_officers_alone(
    visitor: Callable[[str], httpx.AsyncClient],
    sign_in: Any,
    member_client: Any,
    officer_client: Any,
    paid: tuple[Payment, Payment],
) -> None:
    order, wallet = paid
    other = await sign_in("melati", "+6281200000002")
    for client, payment, named in (
        (visitor("melati"), order, False),
        (visitor("melati"), wallet, False),
        (other, wallet, False),
        (member_client, wallet, True),
        (member_client, order, False),
        (officer_client, order, True),
    ):
        for end in ("", ".pdf"):
            answer = await client.get(f"/bayar/{payment.reference}/bukti{end}")
            assert answer.status_code == 200
            shown = text_of(answer.content) if end else answer.text.partition('class="receipt"')[2]
            assert (payment.payer_name in shown) is named
            assert payment.reference in shown


async def test_a_payment_that_waits_leads_back_to_its_page(
    visitor: Callable[[str], httpx.AsyncClient], database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        payment = await create_payment_in_status(db, "awaiting")
    for end in ("bukti", "bukti.pdf"):
        answer = await visitor("melati").get(f"/bayar/{payment.reference}/{end}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/bayar/{payment.reference}")
