"""Deposits at the counter: confirmation page, receipt, and one posting for each form."""

import re
import uuid
from uuid import UUID

import pytest

from conftest import SignedInClient, SignInAs
from kernel import clock
from kernel.database import Database, as_reader
from tenants.registry import TenantRef
from tenants.session import coop_session


@pytest.fixture
async def sari(database: Database, melati: TenantRef) -> UUID:
    async with coop_session(database, melati) as db:
        return await as_reader(db).value("SELECT id FROM members WHERE number = '0001'")


async def balance(database: Database, melati: TenantRef, member: UUID, account: str = "2111") -> int:
    async with coop_session(database, melati) as db:
        return await as_reader(db).value(
            "SELECT balance FROM balances WHERE account = $1 AND party = $2", account, member
        )


def movement(**changes: str) -> dict[str, object]:
    return {
        "kind": "voluntary",
        "amount": "Rp 25.000",
        "method": "cash",
        "on": clock.today().isoformat(),
        "key": str(uuid.uuid4()),
    } | changes


def hidden(page: str) -> dict[str, object]:
    """Return the hidden fields of the confirmation page, as a browser sends them."""
    form = page[page.index('class="card confirm"') :]
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    found.pop("csrf")
    return found


async def test_a_deposit_is_told_taken_and_printed(
    officer_client: SignedInClient, database: Database, melati: TenantRef, sari: UUID
) -> None:
    answer = await officer_client.post(f"/pengurus/anggota/{sari}/setor/periksa", movement())
    assert answer.status_code == 200
    assert "Rp25.000 dari Sari Wulandari Melati (0001) masuk ke simpanan sukarela." in answer.text
    assert "Rp525.000" in answer.text
    assert await balance(database, melati, sari) == 500_000, "asking moves nothing"
    sent = hidden(answer.text)
    answers = [await officer_client.post(f"/pengurus/anggota/{sari}/setor", sent) for _ in range(2)]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert await balance(database, melati, sari) == 525_000
    receipt = (await officer_client.get(answers[0].headers["location"])).text
    assert "Bukti setoran" in receipt
    assert "Rp25.000" in receipt
    assert "Ketua Melati" in receipt


async def test_a_withdrawal_is_told_paid_and_printed(
    officer_client: SignedInClient, database: Database, melati: TenantRef, sari: UUID
) -> None:
    form = movement(amount="200.000")
    form.pop("kind")
    answer = await officer_client.post(f"/pengurus/anggota/{sari}/tarik/periksa", form)
    assert (
        "Rp200.000 dari simpanan sukarela Sari Wulandari Melati (0001) dibayarkan kepadanya." in answer.text
    )
    done = await officer_client.post(f"/pengurus/anggota/{sari}/tarik", hidden(answer.text))
    assert "Bukti penarikan" in (await officer_client.get(done.headers["location"])).text
    assert await balance(database, melati, sari) == 300_000


async def test_too_much_comes_back_with_what_was_typed(
    officer_client: SignedInClient, database: Database, melati: TenantRef, sari: UUID
) -> None:
    form = movement(amount="600.000")
    form.pop("kind")
    for path in ("tarik/periksa", "tarik"):
        answer = await officer_client.post(f"/pengurus/anggota/{sari}/{path}", form)
        assert answer.status_code == 409
        assert "tinggal Rp500.000" in answer.text
        assert 'value="600.000"' in answer.text
        assert f'value="{form["key"]}"' in answer.text
    assert await balance(database, melati, sari) == 500_000


@pytest.mark.parametrize("amount", ["", "seribu", "-5.000", "0", "1,5", "1.5"])
async def test_an_amount_that_is_none_is_refused(
    officer_client: SignedInClient, database: Database, melati: TenantRef, sari: UUID, amount: str
) -> None:
    answer = await officer_client.post(f"/pengurus/anggota/{sari}/setor", movement(amount=amount))
    assert answer.status_code == 422
    assert await balance(database, melati, sari) == 500_000


async def test_a_member_cannot_pay_in_for_themselves(
    member_client: SignedInClient, database: Database, melati: TenantRef, sari: UUID
) -> None:
    assert (await member_client.post(f"/pengurus/anggota/{sari}/setor", movement())).status_code == 403
    assert await balance(database, melati, sari) == 500_000


async def test_a_neighbours_officer_cannot_move_it(
    sign_in: SignInAs, database: Database, melati: TenantRef, sari: UUID
) -> None:
    neighbour = await sign_in("mawar", "+6289900000001")
    assert (await neighbour.post(f"/pengurus/anggota/{sari}/setor", movement())).status_code == 404
    assert await balance(database, melati, sari) == 500_000


async def test_the_back_link_brings_what_was_typed(officer_client: SignedInClient, sari: UUID) -> None:
    answer = await officer_client.post(f"/pengurus/anggota/{sari}/setor/periksa", movement(amount="25.000"))
    back = re.search(r'href="(/pengurus/anggota/[^"]+/setor\?[^"]+)"', answer.text)
    assert back is not None
    form = (await officer_client.get(back[1].replace("&amp;", "&"))).text
    assert 'value="25000"' in form
    assert re.search(r'value="voluntary" checked', form)


@pytest.mark.parametrize("slug", ["pokok", "wajib", "sukarela"])
async def test_a_statement_shows_every_movement_and_the_balance(
    member_client: SignedInClient, slug: str
) -> None:
    shown = (await member_client.get(f"/anggota/simpanan/{slug}")).text
    assert "Saldo awal simpanan" in shown
    assert "data-print" in shown


async def test_there_is_no_fourth_kind(member_client: SignedInClient) -> None:
    assert (await member_client.get("/anggota/simpanan/pinjaman")).status_code == 404
