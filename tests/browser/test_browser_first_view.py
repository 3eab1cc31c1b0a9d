"""The first view of an open payment on a phone: amount, deadline and destination are visible without
scrolling.
"""

import pytest

from factories.accessibility import assert_no_faults, find_faults_on
from factories.browser_users import PHONE, BrowserUser, OpenBrowser, Site
from factories.payment_statuses import create_payment_in_status, enable_methods
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_session

pytestmark = pytest.mark.browser

SARI = "+6281200000001"


async def lowest(person: BrowserUser, *selectors: str) -> dict[str, float]:
    """Return the bottom edge of each selector in pixels on the page as it opens."""
    found = {}
    for selector in selectors:
        box = await person.page.locator(selector).first.bounding_box()
        assert box is not None, f"{selector} is not seen"
        found[selector] = box["y"] + box["height"]
    return found


@pytest.mark.parametrize("signed_in", [False, True], ids=["visitor", "member"])
@pytest.mark.parametrize(
    ("method", "where_to"),
    [("qris", (".qris__code svg",)), ("bank_transfer", (".payto dd span", ".payto [data-copy]"))],
)
async def test_amount_countdown_and_where_to_pay_are_seen_without_scrolling(
    open_browser: OpenBrowser, site: Site, method: str, where_to: tuple[str, ...], signed_in: bool
) -> None:
    tenant = await find_tenant_by_slug(site.database, "melati")
    assert tenant is not None
    async with coop_session(site.database, tenant) as db:
        await enable_methods(db)
        payment = await create_payment_in_status(db, "awaiting", method)
    person = await open_browser(size=PHONE)
    if signed_in:
        await person.sign_in_directly(SARI)
    await person.goto(f"/bayar/{payment.reference}")
    menu = await person.page.locator(".places").bounding_box()
    floor = menu["y"] if menu is not None else PHONE[1]
    reach = await lowest(person, ".ticket__amount", "[data-left]", *where_to)
    assert max(reach.values()) <= floor, reach
    assert_no_faults(await find_faults_on(person, {}, [f"/bayar/{payment.reference}"]))
