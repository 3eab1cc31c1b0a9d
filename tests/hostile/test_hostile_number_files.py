"""Numbers that are too long in files, cookies and webhooks."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from banking.statement_cells import parse_amount_cell
from conftest import SignedInClient, Visitors
from factories import payments as pay
from factories.fake_gateways import (
    FakeGateways,
    SentMessage,
    midtrans_signature,
    run_fake_gateways,
    stripe_headers,
    xendit_headers,
)
from gateways import stripe_amounts, xendit_objects
from gateways.protocol import ProviderError
from kernel.database import Database
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.parsing import parse_number
from shop.cart import parse_cart
from tenants.registry import TenantRef
from web.dispatch import HostDispatcher

LONG = ("9" * 19, "9" * 5_000, "9" + ".999" * 1_667)
numbers = pytest.mark.parametrize("number", LONG, ids=["19 digits", "5,000 digits", "5,000 digits in groups"])
GOODS = "sku,barcode,name,category,unit,cost,price,stock\r\nT1,,Teh,Minuman,Pak,{n},{n},{n}\r\n"
PEOPLE = (
    "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\r\n"
    "1000,Tono,L,0812-0000-9999,2023-05-23,{n},{n},{n}\r\n"
)
STATEMENT = (
    "Tanggal Transaksi,Keterangan,Cabang,Jumlah,Saldo\r\n24/11/2026,SETORAN,0000,{n} "
    "CR,{n}\r\n25/11/2026,SETORAN,0000,1 CR,1\r\n"
)


@numbers
@pytest.mark.parametrize(
    ("path", "content", "asked"),
    [
        ("/pengurus/barang/impor", GOODS, {"as_of": "2026-01-01"}),
        ("/pengurus/anggota/impor", PEOPLE, {"as_of": "2026-01-01"}),
        ("/pengurus/pembayaran/mutasi/impor", STATEMENT, {"method": "bank_transfer"}),
    ],
    ids=["goods", "members", "statement"],
)
async def test_a_file_is_read_and_its_line_refused(
    officer_client: SignedInClient, path: str, content: str, asked: dict[str, object], number: str
) -> None:
    raw = content.format(n=number).encode()
    answer = await officer_client.post(path, asked, files={"file": ("berkas.csv", raw, "text/csv")})
    assert answer.status_code in (200, 422)
    assert len(answer.text) < 200_000


@numbers
async def test_a_cart_is_an_empty_one(visitor: Visitors, number: str) -> None:
    assert parse_cart(f"AAAAAAAAAAAAAAAAAAAAAA-{number}") == {}
    client = visitor("melati")
    client.cookies.set("lumbung_cart", f"AAAAAAAAAAAAAAAAAAAAAA-{number}")
    assert (await client.get("/keranjang")).status_code == 200


@numbers
def test_a_number_is_refused_unread_and_not_repeated_in_full(number: str) -> None:
    for read in (Rupiah.parse, parse_number, parse_amount_cell):
        with pytest.raises(DomainError) as refused:
            read(number)
        assert len(refused.value.localize("id")) < 200


def test_amounts_of_providers_are_bounded() -> None:
    for amount in ("1e999999", "9" * 19, "NaN"):
        with pytest.raises(ProviderError):
            xendit_objects.to_rupiah(xendit_objects.Decimal(amount))
        with pytest.raises(ProviderError):
            xendit_objects.fee_in_rupiah(xendit_objects.Decimal(amount))
    with pytest.raises(ProviderError):
        stripe_amounts.from_stripe(10**18)


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[FakeGateways]:
    async with run_fake_gateways(database, melati) as opened:
        yield opened


def messages(number: str) -> dict[str, SentMessage]:
    """Return signed webhooks of each gateway with the number in every place; a bare number where the format
    is JSON.
    """
    bare = number.replace(".", "")
    stripe = (
        '{"id": "evt_1", "type": "charge.refunded", "livemode": false, "account": null, "created": N, '
        '"data": {"object": {"object": "charge",'
        ' "id": "ch_1", "amount": N, "payment_intent": {"id": "pi_1", "amount": N}}}}'
    ).replace("N", bare)
    message: dict[str, Any] = {
        "order_id": "X1",
        "status_code": bare,
        "gross_amount": number,
        "transaction_status": "settlement",
    }
    midtrans = (
        json.dumps(message | {"signature_key": midtrans_signature(message)})[:-1]
        + f', "refund_amount": {bare}}}'
    )
    xendit = (
        f'{{"id": "x1", "external_id": "X1", "status": "PAID", "amount": {bare}, '
        f'"data": {{"amount": {bare}}}}}'
    )
    return {
        "stripe": (stripe_headers(stripe.encode()), stripe.encode()),
        "midtrans": ({"content-type": "application/json"}, midtrans.encode()),
        "xendit": (xendit_headers(), xendit.encode()),
    }


@numbers
@pytest.mark.parametrize("method", pay.GATEWAYS)
async def test_a_proved_message_is_kept_or_refused_and_books_nothing(
    world: FakeGateways,
    app: HostDispatcher,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
    method: str,
    number: str,
) -> None:
    headers, body = messages(number)[method]
    answer = await visitor("melati").post(world.webhook_path(method), content=body, headers=headers)
    assert answer.status_code in (200, 400)
    await pay.run_due_jobs(database)
    assert await pay.count_postings(database, melati) == 0
