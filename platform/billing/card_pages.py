"""Paying by card: to Stripe's own pages and back.

Nothing of a card passes here, and coming back proves nothing: the state is read.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from billing.card import begin_checkout, open_portal
from billing.card_reading import look
from billing.forms import ChoiceForm
from kernel import clock
from payments.provider import ProviderFault
from tenants.changes import REGISTRY, invalidate_local
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.translations import get_translations

HOME: Final = "/pengurus/langganan"
GO: Final = "billing/card_go.html"


@post(f"{HOME}/kartu/{{code:str}}", guards=[require_officer], status_code=200)
async def go_to_checkout(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    database: CurrentDatabase,
    code: FromPath[str],
) -> Response[Any]:
    """Show the way to Stripe's page that takes the card: a link, since no form of ours may end on another
    host.
    """
    form = await read_form(request, ChoiceForm)
    async with form.rerender_on_error(GO, active_menu="pengaturan", url=None):
        url = await begin_checkout(
            database,
            tenant,
            code,
            form.data.every,
            by=viewer.name,
            on=clock.today(ctx.brand.timezone),
            key=form.data.key,
        )
    return render_page(request, GO, active_menu="pengaturan", form=None, url=url)


@post(f"{HOME}/kartu/kelola", guards=[require_officer], status_code=200)
async def go_to_portal(
    request: AnyRequest, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """Show the way to Stripe's page where the card is changed and the subscription ended."""
    return render_page(
        request, GO, active_menu="pengaturan", form=None, url=await open_portal(database, tenant)
    )


@get(f"{HOME}/kartu/kembali", guards=[require_officer])
async def come_back(ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase) -> Response[Any]:
    """Read the state at Stripe, whatever page the officer comes from."""
    say = get_translations(ctx.lang).gettext
    try:
        await look(database, tenant.id, clock.today(ctx.brand.timezone))
    except ProviderFault:
        return see_other(
            HOME, flash=say("Penyedia kartu belum menjawab. Keadaannya dibaca lagi sebentar lagi.")
        )
    invalidate_local(database, REGISTRY)
    return see_other(HOME, flash=say("Keadaan langganan sudah dibaca dari penyedia kartu."))


routes: list[Any] = [go_to_checkout, go_to_portal, come_back]
