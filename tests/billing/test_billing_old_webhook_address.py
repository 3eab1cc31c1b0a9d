"""The billing webhook's former address still answers."""

import httpx
import pytest

from conftest import SignedInClient
from factories.card_billing import SECRET, CardBilling, open_checkout
from web.dispatch import HostDispatcher


@pytest.mark.parametrize("path", ["/kait/langganan", "/webhooks/billing"])
async def test_a_forged_message_is_refused_at_either_address(
    cards: CardBilling, app: HostDispatcher, path: str
) -> None:
    """Status 400 shows that the signature was checked; an unknown address or a CSRF check would answer
    otherwise.
    """
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost:8000"
    ) as stripe:
        forged = await stripe.post(path, content=b'{"id":"evt_1"}', headers={"stripe-signature": "t=1,v1=00"})
    assert forged.status_code == 400


async def test_a_true_message_to_the_old_address_is_worked_on(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    assert SECRET
    cards.stripe.register_webhook("http://localhost:8000/kait/langganan", secret=SECRET)
    session = await open_checkout(officer_client)
    await cards.stripe.complete(session)
    assert {each.status for each in cards.stripe.deliveries} == {200}
    assert await cards.run_webhook_jobs() > 0
    assert (await cards.subscription()).plan == "tumbuh"
