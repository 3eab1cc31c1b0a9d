"""An officer tries Stripe from its page: set up, checked, paid, re-fetched, refunded, without postings."""

import re
from dataclasses import replace

from conftest import SignedInClient
from factories.stripe_account import direct_account
from kernel.database import Database, as_reader
from kernel.ids import new_id
from payments import provider_calls
from tenants.registry import TenantRef
from tenants.session import coop_session

METHOD_PAGE = "/pengurus/pembayaran/cara/stripe"


async def test_a_trial_by_stripe_goes_all_the_way(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with direct_account() as shop:
        database.settings = replace(database.settings, fake_gateways=(("stripe", shop.address),))
        found = re.search(r'name="mark" value="([0-9a-f]+)"', (await officer_client.get(METHOD_PAGE)).text)
        assert found is not None
        sent = {
            "mark": found[1],
            "mode": "own_keys",
            "secret_key": shop.key,
            "webhook_secret": "whsec_melati",
        }
        assert (await officer_client.post(METHOD_PAGE, sent)).status_code == 303

        asked = await officer_client.post(f"{METHOD_PAGE}/kemampuan")
        assert asked.status_code == 200
        assert re.search(r"Kartu</dt><dd><span[^>]*>diterima", asked.text)
        assert "Tidak ada uang sungguhan" in asked.text

        tried = await officer_client.post(f"{METHOD_PAGE}/percobaan", {"key": str(new_id())})
        reference = tried.headers["location"].removeprefix("/bayar/")
        started = await provider_calls.start_payment(
            database, melati, reference, origin="http://melati.localhost:8000"
        )
        assert started.provider_reference is not None
        await shop.fake.complete(started.provider_reference, "card")

        one = f"/pengurus/pembayaran/{reference}"
        assert (await officer_client.post(f"{one}/pertanyaan")).status_code == 303
        page = (await officer_client.get(one)).text
        assert "Percobaan berhasil" in page
        assert "tidak ada yang dicatat di buku" in page

        back = {
            "amount": "10.000",
            "destination": "by_hand",
            "reason": "selesai mencoba",
            "key": str(new_id()),
        }
        assert (await officer_client.post(f"{one}/pengembalian", back)).status_code == 303
        assert "dikembalikan" in (await officer_client.get(one)).text
    async with coop_session(database, melati) as db:
        ro = as_reader(db)
        row = (
            await ro.records(
                "SELECT status, live, journal, fee FROM payments WHERE reference = $1", reference
            )
        )[0]
        moved = await ro.value(
            "SELECT count(*) FROM journal_lines WHERE account IN ('1105', '2105', '6140', '1102')"
        )
    assert dict(row) == {"status": "refunded", "live": False, "journal": None, "fee": None}
    assert moved == 0
