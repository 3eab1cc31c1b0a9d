"""Officers' pages that lead to Stripe's pages and back.

No card data passes through the platform. The return from Stripe proves nothing, so the state is fetched
again.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from billing.card_checkout import create_checkout_session, create_portal_session
from billing.forms import ChoosePlanForm
from billing.stripe_sync import sync_from_stripe
from gateways.protocol import ProviderError
from kernel import clock
from kernel.translations import get_translations
from tenants.changes import invalidate_local, registry_topic
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
REDIRECT_TEMPLATE: Final = "billing/card_go.html"


@post(
    f"{SUBSCRIPTION_URL}/kartu/{{code:str}}",
    guards=[may("subscription.change")],
    status_code=200,
    opt=WHEN_READ_ONLY,
)
async def submit_checkout(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
    code: FromPath[str],
) -> Response[Any]:
    """Start a card payment and show a link to Stripe's Checkout page.

    A link, because the content security policy lets no form of ours end on another host.
    """
    form = await read_form(request, ChoosePlanForm)
    async with form.rerender_on_error(REDIRECT_TEMPLATE, active_menu="pengaturan", url=None):
        url = await create_checkout_session(
            database,
            tenant,
            code,
            form.data.interval,
            by=viewer.name,
            on=clock.today(ctx.brand.timezone),
            key=form.data.key,
        )
    return render_page(request, REDIRECT_TEMPLATE, active_menu="pengaturan", form=None, url=url)


@post(
    f"{SUBSCRIPTION_URL}/kartu/kelola",
    guards=[may("subscription.change")],
    status_code=200,
    opt=WHEN_SUSPENDED,
)
async def submit_portal_request(
    request: AnyRequest, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """Show a link to Stripe's portal, where the card is changed or the subscription ended."""
    return render_page(
        request,
        REDIRECT_TEMPLATE,
        active_menu="pengaturan",
        form=None,
        url=await create_portal_session(database, tenant),
    )


@get(
    f"{SUBSCRIPTION_URL}/kartu/kembali",
    guards=[may("subscription.change")],
    opt=WHEN_SUSPENDED,
)
async def show_return_from_stripe(
    ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[Any]:
    """Fetch the subscription's state from Stripe after an officer returns from one of its pages."""
    say = get_translations(ctx.lang).gettext
    try:
        await sync_from_stripe(database, tenant.id, clock.today(ctx.brand.timezone))
    except ProviderError:
        return see_other(
            SUBSCRIPTION_URL,
            flash=say("Penyedia kartu belum menjawab. Keadaannya dibaca lagi sebentar lagi."),
        )
    invalidate_local(database, registry_topic(tenant.schema_name))
    return see_other(SUBSCRIPTION_URL, flash=say("Keadaan langganan sudah dibaca dari penyedia kartu."))


routes: list[Any] = [submit_checkout, submit_portal_request, show_return_from_stripe]
