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
from tenants.changes import REGISTRY, forget_here
from ui import AnyRequest, TheDatabase, TheTenant, TheViewer, TheVisit, officer, page, read_form, see_other
from ui.words import words

HOME: Final = "/pengurus/langganan"
GO: Final = "billing/card_go.html"


@post(f"{HOME}/kartu/{{code:str}}", guards=[officer], status_code=200)
async def go_to_checkout(
    request: AnyRequest,
    visit: TheVisit,
    tenant: TheTenant,
    viewer: TheViewer,
    database: TheDatabase,
    code: FromPath[str],
) -> Response[Any]:
    """Show the way to Stripe's page that takes the card: a link, since no form of ours may end on another
    host.
    """
    form = await read_form(request, ChoiceForm)
    async with form.or_again(GO, place="pengaturan", url=None):
        url = await begin_checkout(
            database,
            tenant,
            code,
            form.data.every,
            by=viewer.name,
            on=clock.today(visit.brand.timezone),
            key=form.data.key,
        )
    return page(request, GO, place="pengaturan", form=None, url=url)


@post(f"{HOME}/kartu/kelola", guards=[officer], status_code=200)
async def go_to_portal(request: AnyRequest, tenant: TheTenant, database: TheDatabase) -> Response[bytes]:
    """Show the way to Stripe's page where the card is changed and the subscription ended."""
    return page(request, GO, place="pengaturan", form=None, url=await open_portal(database, tenant))


@get(f"{HOME}/kartu/kembali", guards=[officer])
async def come_back(visit: TheVisit, tenant: TheTenant, database: TheDatabase) -> Response[Any]:
    """Read the state at Stripe, whatever page the officer comes from."""
    say = words(visit.lang).gettext
    try:
        await look(database, tenant.id, clock.today(visit.brand.timezone))
    except ProviderFault:
        return see_other(
            HOME, flash=say("Penyedia kartu belum menjawab. Keadaannya dibaca lagi sebentar lagi.")
        )
    forget_here(database, REGISTRY)
    return see_other(HOME, flash=say("Keadaan langganan sudah dibaca dari penyedia kartu."))


routes: list[Any] = [go_to_checkout, go_to_portal, come_back]
