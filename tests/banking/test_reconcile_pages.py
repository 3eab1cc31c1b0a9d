"""The reconciliation pages: every difference has a reason, every figure has a source."""

from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from conftest import SignedInClient
from factories.gateway import GatewaySetup, set_up_xendit
from fakes.xendit import FakeXendit
from kernel import clock
from kernel.database import Database
from tenants.registry import TenantRef

HOME = "/pengurus/pembayaran/rekonsiliasi"


XenditGateway = GatewaySetup[FakeXendit]


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[XenditGateway]:
    async with set_up_xendit(database, melati) as gateway:
        yield gateway


async def test_fetching_now_brings_all_in_and_the_page_says_that_all_is_clear(
    gateway: XenditGateway, officer_client: SignedInClient
) -> None:
    assert "Penyedia belum pernah ditanya." in (await officer_client.get(HOME)).text
    reference = await gateway.pay(100_000)
    gateway.server.withdraw(60_000)
    answer = await officer_client.post(f"{HOME}/xendit/pengambilan")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/xendit")
    method = await officer_client.get(f"{HOME}/xendit")
    assert "Semua jelas" in method.text
    assert "Rp39.300" in method.text
    day = clock.today().isoformat()
    shown = (await officer_client.get(f"{HOME}/xendit", params={"hari": day})).text
    assert "Pencairan ke bank" in shown
    assert f"/pengurus/pembayaran/{reference}" in shown
    assert "/pengurus/buku/jurnal/" in shown


async def test_money_that_nobody_knows_is_shown_with_what_to_do(
    gateway: XenditGateway, officer_client: SignedInClient
) -> None:
    await gateway.pay(100_000)
    earlier = clock.now() - timedelta(hours=1)
    gateway.server.account.credit(7_000, "QRIS", "TOKO-LAIN", earlier)
    await officer_client.post(f"{HOME}/xendit/pengambilan")
    home = (await officer_client.get(HOME)).text
    assert "perlu dilihat" in home
    assert "Tidak ada pembayaran yang cocok" in home
    day = earlier.astimezone(ZoneInfo("Asia/Jakarta")).date()
    shown = (await officer_client.get(f"{HOME}/xendit?hari={day}")).text
    assert "Mungkin uang dari tempat lain." in shown


async def test_a_silent_provider_is_said_in_a_sentence(
    gateway: XenditGateway, officer_client: SignedInClient
) -> None:
    gateway.server.faults.responses.append("500")
    answer = await officer_client.post(f"{HOME}/xendit/pengambilan")
    assert answer.status_code == 503
    assert "sedang tidak menjawab" in answer.text


async def test_what_cannot_be_compared_has_no_page_and_members_have_none(
    officer_client: SignedInClient, member_client: SignedInClient
) -> None:
    for method in ("cash", "tiada", "xendit"):
        assert (await officer_client.get(f"{HOME}/{method}")).status_code == 404
        assert (await officer_client.post(f"{HOME}/{method}/pengambilan")).status_code == 404
    assert (await officer_client.get(f"{HOME}/bank_transfer?hari=besok")).status_code == 200
    assert (await member_client.get(HOME)).status_code == 403
