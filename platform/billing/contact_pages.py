"""Officers' page of the billing contact."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post

from billing.forms import BillingContactForm
from billing.manage_subscription import BillingContact, set_contact
from billing.models import Subscription
from billing.registry_sync import get_or_create_subscription
from kernel import clock
from kernel.phone import format_national
from kernel.translations import get_translations
from tenants.session import shared_session
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY, WHEN_SUSPENDED

SUBSCRIPTION_URL: Final = "/pengurus/langganan"
ACTIVE_MENU: Final = "pengaturan"


@get(f"{SUBSCRIPTION_URL}/kontak", guards=[may("subscription.change")], opt=WHEN_SUSPENDED)
async def show_contact(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """Show the billing contact."""
    async with shared_session(database) as db:
        subscription = await get_or_create_subscription(db, tenant.id, clock.today(ctx.brand.timezone))
    return render_page(
        request, "billing/contact.html", active_menu=ACTIVE_MENU, form=None, **_contact_context(subscription)
    )


@post(f"{SUBSCRIPTION_URL}/kontak", guards=[may("subscription.change")], opt=WHEN_READ_ONLY)
async def submit_contact(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
) -> Response[Any]:
    """Change the billing contact."""
    form = await read_form(request, BillingContactForm)
    on = clock.today(ctx.brand.timezone)
    async with shared_session(database) as db:
        subscription = await get_or_create_subscription(db, tenant.id, on)
        async with form.rerender_on_error(
            "billing/contact.html", active_menu=ACTIVE_MENU, **_contact_context(subscription)
        ):
            typed = form.data
            contact = BillingContact(
                typed.name,
                typed.email,
                typed.phone or "",
                typed.buyer_name,
                typed.buyer_address,
                typed.buyer_tax_number,
            )
            await set_contact(db, tenant.id, contact, by=viewer.name, on=on)
    return see_other(
        SUBSCRIPTION_URL, flash=get_translations(ctx.lang).gettext("Kontak tagihan sudah disimpan.")
    )


def _contact_context(subscription: Subscription) -> dict[str, Any]:
    return {
        "contact": subscription,
        "phone": format_national(subscription.contact_phone) if subscription.contact_phone else "",
    }


routes: list[Any] = [show_contact, submit_contact]
