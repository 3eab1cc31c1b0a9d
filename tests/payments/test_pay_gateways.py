"""The page of a payment by a gateway: the redirect, the return, and a gateway that does not answer."""

import re
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from factories import shop
from factories.fake_gateways import run_fake_gateways
from factories.gateway import GatewaySetup, set_up_xendit
from kernel.database import Database
from payments import state_machine
from payments.models import Payment
from tenants.registry import TenantRef
from tenants.session import coop_session

Visitor = Callable[[str], httpx.AsyncClient]


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[GatewaySetup]:
    async with set_up_xendit(database, melati) as given:
        yield given


def tags(text: str) -> str:
    """What is read of a page."""
    return " ".join(re.sub(r"<[^>]+>", "", text).split())


async def waiting_at_gateway(database: Database, tenant: TenantRef) -> Payment:
    async with coop_session(database, tenant) as db:
        product = await shop.create_product(db, stock=3, price=75_000)
        return await shop.get_latest_payment(
            db, await shop.create_order(db, {product.id: 1}, method="xendit")
        )


async def test_a_gateway_is_entered_by_a_page_of_our_own_and_asked_on_the_way_back(
    visitor: Visitor, gateway: GatewaySetup
) -> None:
    payment = await waiting_at_gateway(gateway.database, gateway.tenant)
    client, home = visitor("melati"), f"/bayar/{payment.reference}"
    page = (await client.get(home)).text
    assert "Lanjut ke pembayaran Xendit" in page
    started = await client.post(f"{home}/mulai")
    assert (started.status_code, started.headers["location"]) == (303, f"{home}/lanjut")
    onward = (await client.get(f"{home}/lanjut")).text
    url = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', onward)[1]  # type: ignore[index]
    assert url.startswith(dict(gateway.database.settings.fake_gateways)["xendit"])
    assert f'href="{url}"' in onward
    waits = await client.post(f"{home}/periksa")
    assert "Belum ada kabar pembayaran dari Xendit" in (await client.get(waits.headers["location"])).text
    await gateway.server.pay(payment.reference, "QRIS")
    assert "Menunggu pembayaran" in (await client.get(home)).text  # nobody has asked yet
    await clear_checked_at(gateway, payment.reference)
    assert "Terima kasih, sudah kami terima" in (await client.get(f"{home}?hasil=selesai")).text
    assert (await client.get(f"{home}/lanjut")).headers["location"] == home


async def clear_checked_at(gateway: GatewaySetup, reference: str) -> None:
    async with coop_session(gateway.database, gateway.tenant) as db:
        (await state_machine.lock_payment(db, reference)).checked_at = None


async def test_i_have_paid_asks_the_gateway(visitor: Visitor, gateway: GatewaySetup) -> None:
    payment = await waiting_at_gateway(gateway.database, gateway.tenant)
    client, home = visitor("melati"), f"/bayar/{payment.reference}"
    await client.post(f"{home}/mulai")
    await gateway.server.pay(payment.reference, "QRIS")
    await client.post(f"{home}/periksa")
    assert "Terima kasih, sudah kami terima" in (await client.get(home)).text


async def test_a_virtual_account_that_was_chosen_is_shown_with_its_number(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    async with run_fake_gateways(database, melati) as world:
        _, payment = await world.start_order_payment("midtrans")
        order = await world.midtrans.choose(payment.reference, "bca_va")
        async with coop_session(database, melati) as db:  # the answer that led to its page was lost
            lost = await state_machine.lock_payment(db, payment.reference)
            lost.provider_reference = lost.redirect_url = None
        client, home = visitor("melati"), f"/bayar/{payment.reference}"
        assert (await client.post(f"{home}/mulai")).status_code == 303
        page = (await client.get(home)).text
    assert "Nomor rekening virtual BCA" in tags(page)
    assert f'data-copy="{order.va_number}"' in page
    assert "Lanjut ke pembayaran" not in page  # it has no page any more


async def test_a_gateway_that_does_not_answer_is_told_on_the_page(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    async with set_up_xendit(database, melati):
        payment = await waiting_at_gateway(database, melati)
    # the fake is gone: nobody listens at its address any more
    client, home = visitor("melati"), f"/bayar/{payment.reference}"
    answer = await client.post(f"{home}/mulai")
    assert answer.status_code == 503
    assert "Layanan pembayaran sedang tidak menjawab" in tags(answer.text)
    assert "Lanjut ke pembayaran Xendit" in answer.text
    assert (await client.get(f"{home}?hasil=selesai")).status_code == 200
