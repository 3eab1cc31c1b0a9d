"""Webhook addresses that are registered at providers since the former release: /kait/… answers as /webhooks/…
does.
"""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from factories import payments as pay
from factories.fake_gateways import FakeGateways, run_fake_gateways
from kernel.database import Database
from tenants.registry import TenantRef


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[FakeGateways]:
    async with run_fake_gateways(database, melati) as opened:
        yield opened


@pytest.mark.parametrize("method", pay.GATEWAYS)
async def test_a_message_to_the_old_address_settles_its_payment_once_whichever_address_repeats_it(
    world: FakeGateways,
    visitor: Callable[[str], httpx.AsyncClient],
    database: Database,
    melati: TenantRef,
    method: str,
) -> None:
    _, payment = await world.start_order_payment(method)
    headers, body = await world.pay(payment)
    new = world.webhook_path(method)
    assert new.startswith("/webhooks/")
    old = new.replace("/webhooks/", "/kait/")
    for address in (old, new, old):
        answer = await visitor("melati").post(address, content=body, headers=headers)
        assert answer.status_code == 200, address
    await pay.run_due_jobs(database)
    assert await pay.count_postings(database, melati) == 1


@pytest.mark.parametrize("prefix", ["/kait", "/webhooks"])
async def test_an_unknown_address_is_404_below_either(
    visitor: Callable[[str], httpx.AsyncClient], prefix: str
) -> None:
    for path in ("tidak-ada", "", "kait/x", "webhooks/x"):
        assert (await visitor("melati").post(f"{prefix}/{path}", content=b"{}")).status_code == 404
