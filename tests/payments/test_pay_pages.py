"""The page of a payment: what it shows in every status, to whom, and what its buttons do."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from factories import shop
from factories.payment_statuses import STATES, count_payments, create_payment_in_status, enable_methods
from factories.shop import CASHIER, TODAY
from kernel.database import Database, as_reader
from payments import queries, state_machine
from payments.models import Payment
from payments.payer_status import PayerStatus, extract_account_number, is_allowed_redirect
from shop import presenters
from tenants.registry import TenantRef
from tenants.session import coop_session
from ui.context import Brand, RequestContext

Visitor = Callable[[str], httpx.AsyncClient]
HTMX = {"hx-request": "true"}
SAYS: dict[PayerStatus, str] = {
    "awaiting": "Transfer ke rekening koperasi",
    "lapsed": "Batas waktunya baru saja lewat",
    "processing": "Uang Anda sedang di jalan",
    "checking": "Pengurus sedang memeriksa",
    "paid": "Terima kasih, sudah kami terima",
    "paid_late": "Uangnya datang belakangan, tetapi",
    "in_wallet": "Uang Anda ada di dompet anggota",
    "owed": "Uang Anda kami simpan",
    "partly_refunded": "Rp20.000 dari Rp75.",
    "refunded": "Uang Anda sudah kembali",
    "failed": "Pembayaran ini gagal",
    "expired": "Batas waktu pembayaran ini lewat",
    "cancelled": "Pembayaran ini tidak berlaku lagi",
}


@pytest.fixture
async def payment_in(database: Database, melati: TenantRef) -> Callable[..., Any]:
    async def make(state: PayerStatus = "awaiting", method: str = "bank_transfer", **more: Any) -> Payment:
        async with coop_session(database, melati) as db:
            await enable_methods(db)
            return await create_payment_in_status(db, state, method, **more)

    return make


def tags(text: str) -> str:
    """What is read of a page."""
    return " ".join(re.sub(r"<[^>]+>", "", text).split())


async def test_what_nobody_opened_is_not_there(visitor: Visitor) -> None:
    client = visitor("melati")
    for reference in ("L00000000000", "x", "L" * 300, "%00", "1' OR '1'='1"):
        for end in ("", "/keadaan", "/lanjut", "/bukti", "/bukti.pdf", "/qris.png"):
            answer = await client.get(f"/bayar/{reference}{end}", headers=HTMX)
            assert answer.status_code == 404, (reference, end)
        for end in ("/mulai", "/periksa"):
            assert (await client.post(f"/bayar/{reference}{end}")).status_code == 404, (reference, end)


@pytest.mark.parametrize("state", STATES)
async def test_each_state_is_told_in_its_own_words_and_names_nobody(
    visitor: Visitor, payment_in: Callable[..., Any], state: PayerStatus
) -> None:
    payment = await payment_in(state)
    answer = await visitor("melati").get(f"/bayar/{payment.reference}")
    assert answer.status_code == 200
    page_text = tags(answer.text)
    assert SAYS[state] in page_text
    assert str(payment.label) in page_text
    for secret in ("Tono", "Sari Wulandari", "81299990001", "81200000001"):
        assert secret not in answer.text
    waits = state in ("awaiting", "lapsed", "processing", "checking")
    assert ("hx-get" in answer.text) is waits
    assert ("Lihat bukti" in page_text) is (payment.settled_at is not None)
    assert ("Jangan bayar lagi" in page_text or "jangan bayar lagi" in page_text) is (
        state in ("lapsed", "processing", "checking")
    )


async def test_a_transfer_shows_account_exact_amount_and_reference(
    visitor: Visitor, payment_in: Callable[..., Any]
) -> None:
    payment = await payment_in()
    text = (await visitor("melati").get(f"/bayar/{payment.reference}")).text
    assert 0 < payment.unique_suffix < 1000
    assert payment.amount == 75_000 + payment.unique_suffix
    assert "Kalau uangnya dikembalikan, ikut kembali." in text  # a visitor is bound by no bylaws
    assert f"Rp75.<mark>{payment.unique_suffix:03}</mark>" in text
    assert "BCA 123-456-7890 a.n. Koperasi Melati" in text
    for copied in ("1234567890", str(payment.amount), payment.reference):
        assert f'data-copy="{copied}"' in text
    assert re.search(r'<time datetime="[^"]+">\d+ \w+ \d{4} \d\d\.\d\d WIB</time>', text)
    left = int(re.search(r'data-left="(\d+)"', text)[1])  # type: ignore[index]
    assert 48 * 3600 - 60 < left <= 48 * 3600


async def test_the_orders_page_is_found_by_the_order_whatever_its_payment_is_called(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await enable_methods(db)
        payment = await create_payment_in_status(db, "awaiting")
        number = await as_reader(db).value("SELECT number FROM orders WHERE id = $1", payment.subject_id)
        payment.label_text, payment.label_code, payment.label_params = "Belanja pesanan 77", None, None
    text = (await visitor("melati").get(f"/bayar/{payment.reference}")).text
    assert f'href="/pesanan/{number}?kunci=' in text
    assert f'href="/pesanan/{number}/cara-bayar?kunci=' in text


async def test_a_qris_shows_code_merchant_and_a_picture_to_keep(
    visitor: Visitor, payment_in: Callable[..., Any]
) -> None:
    payment = await payment_in(method="qris")
    client = visitor("melati")
    text = (await client.get(f"/bayar/{payment.reference}")).text
    assert '<svg role="img"' in text
    assert "KOPERASI MELATI" in text
    assert "NMID ID1020304050607" in text
    picture = await client.get(f"/bayar/{payment.reference}/qris.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


async def test_the_picture_is_the_code_of_this_payment(
    visitor: Visitor, payment_in: Callable[..., Any]
) -> None:
    import io

    import zxingcpp
    from PIL import Image

    payment = await payment_in(method="qris")
    picture = await visitor("melati").get(f"/bayar/{payment.reference}/qris.png")
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))
    assert [each.text for each in read] == [payment.instructions["qr"]]


async def test_no_code_is_shown_once_it_must_not_be_paid_any_more(
    visitor: Visitor, payment_in: Callable[..., Any]
) -> None:
    for state in ("lapsed", "expired", "paid"):
        payment = await payment_in(state, "qris")
        client = visitor("melati")
        assert '<svg role="img"' not in (await client.get(f"/bayar/{payment.reference}")).text
        assert (await client.get(f"/bayar/{payment.reference}/qris.png")).status_code == 404


async def test_test_keys_are_marked_on_page_and_receipt(
    visitor: Visitor, payment_in: Callable[..., Any]
) -> None:
    client = visitor("melati")
    for state in ("awaiting", "paid"):
        real, trial = await payment_in(state), await payment_in(state, live=False)
        assert (
            "Uji coba: tidak ada uang yang berpindah"
            not in (await client.get(f"/bayar/{real.reference}")).text
        )
        assert (
            "Uji coba: tidak ada uang yang berpindah" in (await client.get(f"/bayar/{trial.reference}")).text
        )
    assert "Uji coba" in (await client.get(f"/bayar/{trial.reference}/bukti")).text


async def test_a_waiting_page_is_answered_only_when_something_changed(
    visitor: Visitor, payment_in: Callable[..., Any], database: Database, melati: TenantRef
) -> None:
    payment = await payment_in()
    client = visitor("melati")
    text = (await client.get(f"/bayar/{payment.reference}")).text
    asks = re.search(r'hx-get="([^"]+)"', text)[1]  # type: ignore[index]
    same = await client.get(asks, headers=HTMX)
    assert same.status_code == 204
    assert not same.content
    async with coop_session(database, melati) as db:
        await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)
    changed = await client.get(asks, headers=HTMX)
    assert changed.status_code == 200
    assert "<html" not in changed.text
    assert "Terima kasih, sudah kami terima" in changed.text
    assert "hx-get" not in changed.text
    announced = json.loads(changed.headers["hx-trigger"])["lumbung:say"]["text"]
    assert announced == f"{payment.label}: sudah dibayar"
    by_hand = await client.get(asks)
    assert (by_hand.status_code, by_hand.headers["location"]) == (303, f"/bayar/{payment.reference}")


async def test_who_says_to_have_transferred_hears_who_looks_and_changes_nothing(
    visitor: Visitor, payment_in: Callable[..., Any], database: Database, melati: TenantRef
) -> None:
    payment = await payment_in()
    client = visitor("melati")
    answer = await client.post(f"/bayar/{payment.reference}/periksa")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/bayar/{payment.reference}")
    assert "Pengurus memeriksanya" in (await client.get(answer.headers["location"])).text
    async with coop_session(database, melati) as db:
        now = await queries.find_payment_by_reference(db, payment.reference)
    assert now is not None
    assert now.status == "awaiting"


async def test_a_stranger_cannot_have_providers_asked_without_end(
    visitor: Visitor, payment_in: Callable[..., Any]
) -> None:
    payment = await payment_in()
    client = visitor("melati")
    answers = [(await client.post(f"/bayar/{payment.reference}/periksa")).status_code for _ in range(62)]
    assert answers[:60] == [303] * 60
    assert answers[60:] == [429, 429]


async def test_an_order_that_waits_can_be_paid_another_way_and_leads_from_the_old_payment_to_the_new(
    visitor: Visitor, payment_in: Callable[..., Any]
) -> None:
    payment = await payment_in()
    client = visitor("melati")
    page = (await client.get(f"/bayar/{payment.reference}")).text
    change = re.search(r'href="(/pesanan/\d+/cara-bayar\?kunci=\w+)"', page)[1]  # type: ignore[index]
    choices = (await client.get(change)).text
    assert 'value="qris"' in choices
    key = re.search(r'name="kunci" value="(\w+)"', choices)[1]  # type: ignore[index]
    path = change.partition("?")[0]
    answer = await client.post(path, data={"payment_method": "qris", "kunci": key})
    assert answer.status_code == 303
    new = answer.headers["location"]
    assert new.startswith("/bayar/")
    assert new != f"/bayar/{payment.reference}"
    again = await client.post(path, data={"payment_method": "qris", "kunci": key})
    assert again.headers["location"] == new  # pressed twice
    old = (await client.get(f"/bayar/{payment.reference}")).text
    assert "Cara membayar yang lain sudah dipilih" in old
    assert f'href="{new}"' in old
    assert 'href="/pesanan/' in old


async def test_the_way_is_changed_by_nobody_else(
    visitor: Visitor,
    payment_in: Callable[..., Any],
    member_client: Any,
    database: Database,
    melati: TenantRef,
) -> None:
    payment = await payment_in()
    number = payment.label.params["number"]
    for client in (visitor("melati"), member_client):
        for key in ("", "0" * 32):
            path = f"/pesanan/{number}/cara-bayar"
            assert (await client.get(f"{path}?kunci={key}")).status_code == 404
            answer = await client.post(path, data={"payment_method": "qris", "kunci": key})
            assert answer.status_code == 404
    async with coop_session(database, melati) as db:
        assert await count_payments(db, payment.purpose, payment.subject_id) == 1


async def test_a_member_pays_a_waiting_order_from_savings_after_one_sentence(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await enable_methods(db)
        product = await shop.create_product(db, price=75_000)
        order = await shop.create_order(db, {product.id: 1}, await shop.get_member_buyer(db), "bank_transfer")
    path = f"/pesanan/{order.number}/cara-bayar"
    asked = await member_client.post(path, {"payment_method": "savings"})
    assert asked.status_code == 200
    total = f"{order.total:,}".replace(",", ".")
    assert f"Rp{total} dari simpanan sukarela Sari Wulandari Melati membayar pesanan {order.number}." in tags(
        asked.text
    )
    done = await member_client.post(path, {"payment_method": "savings", "confirmed": "1"})
    assert (done.status_code, done.headers["location"]) == (303, f"/pesanan/{order.number}")
    async with coop_session(database, melati) as db:
        paid = await queries.find_latest_payment(db, "order", order.id)
    assert paid is not None
    assert (paid.method, paid.status) == ("savings", "paid")
    assert (await member_client.get(path)).headers["location"] == f"/pesanan/{order.number}"


async def test_a_paid_order_leads_to_its_page_by_the_visitors_key(
    visitor: Visitor, payment_in: Callable[..., Any], database: Database, melati: TenantRef
) -> None:
    payment = await payment_in("paid")
    ctx = RequestContext(database, "cooperative", Brand("Koperasi Melati"))
    ctx.tenant = melati
    key = presenters.sign_order_key(ctx, payment.subject_id)
    address = f"/pesanan/{payment.label.params['number']}?kunci={key}"
    client = visitor("melati")
    assert f'href="{address}"' in (await client.get(f"/bayar/{payment.reference}")).text
    assert (await client.get(address)).status_code == 200


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://checkout.stripe.com/c/pay/cs_1#x", True),
        ("http://127.0.0.1:9001/pay/1", True),
        ("http://127.0.0.1:9002/pay/1", False),
        ("http://checkout.stripe.com/c", False),
        ("https://kita@jahat.example/", False),
        ("javascript:alert(1)", False),
        ("https:///x", False),
        ('https://x.example/"><script>', False),
        ("//x.example", False),
        ("", False),
        (None, False),
    ],
)
def test_payers_are_led_to_https_or_to_the_configured_fake_gateway_alone(url: str | None, may: bool) -> None:
    assert is_allowed_redirect(url, "http://127.0.0.1:9001") is may


@pytest.mark.parametrize(
    ("written", "copied"),
    [
        ("BCA 1234567890 a.n. Koperasi Melati", "1234567890"),
        ("Bank Mandiri 137-00-1234567-8", "1370012345678"),
        ("BRI cabang 42, 0022 01 000123 30 5", "002201000123305"),
        ("Tanyakan kepada kasir", "Tanyakan kepada kasir"),
        ("", ""),
    ],
)
def test_the_account_is_copied_as_digits_alone(written: str, copied: str) -> None:
    assert extract_account_number(written) == copied
