"""The first view of a payment that waits, on a phone: how much, until when, and where to, before anybody
scrolls.
"""

import pytest

from factories.browsing import PHONE, Arrive, Person, Site
from factories.looking import look_at, no_fault_in
from factories.paying import bring_about, open_ways
from tenants.registry import tenant_by_slug
from tenants.session import coop_session

pytestmark = pytest.mark.browser

SARI = "+6281200000001"


async def lowest(person: Person, *selectors: str) -> dict[str, float]:
    """How far down each of these reaches, in pixels, on the page as it opens."""
    found = {}
    for selector in selectors:
        box = await person.page.locator(selector).first.bounding_box()
        assert box is not None, f"{selector} is not seen"
        found[selector] = box["y"] + box["height"]
    return found


@pytest.mark.parametrize("signed_in", [False, True], ids=["visitor", "member"])
@pytest.mark.parametrize(
    ("way", "where_to"),
    [("qris", (".qris__code svg",)), ("bank_transfer", (".payto dd span", ".payto [data-copy]"))],
)
async def test_amount_countdown_and_where_to_pay_are_seen_without_scrolling(
    arrive: Arrive, site: Site, way: str, where_to: tuple[str, ...], signed_in: bool
) -> None:
    tenant = await tenant_by_slug(site.database, "melati")
    assert tenant is not None
    async with coop_session(site.database, tenant) as db:
        await open_ways(db)
        payment = await bring_about(db, "awaiting", way)
    person = await arrive(size=PHONE)
    if signed_in:
        await person.enter(SARI)
    await person.goto(f"/bayar/{payment.reference}")
    menu = await person.page.locator(".places").bounding_box()
    floor = menu["y"] if menu is not None else PHONE[1]
    reach = await lowest(person, ".ticket__amount", "[data-left]", *where_to)
    assert max(reach.values()) <= floor, reach
    no_fault_in(await look_at(person, {}, [f"/bayar/{payment.reference}"]))
