"""Ways of paying as officers set them up: the list in its order, one way with its settings, a QRIS sticker
looked at before it is kept.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from kernel import clock
from payments import calling, errors, ways
from payments.officer import setting_up, way_errors
from payments.officer.way_forms import KeepStickerForm, StickerForm, TrialForm, change_of, way_form
from payments.officer.ways_told import list_context, way_context
from payments.providers import qris_provider, stripe_provider
from payments.providers.qris_photo import read_photo
from tenants.file_thread_pool import compute_in_thread
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    Db,
    EmptyForm,
    RequestContext,
    Ro,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.request_body import MAX_UPLOAD_BYTES
from ui.translations import get_translations

HOME: Final = "/pengurus/pembayaran/cara"
WAY: Final = HOME + "/{way:str}"
PLACE: Final = "pengaturan"
ONE: Final = "payments/way.html"


@get(HOME, guards=[require_officer])
async def list_ways(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """Show every way, how it stands, in the order in which buyers see them."""
    return render_page(request, "payments/ways.html", active_menu=PLACE, **await list_context(ro, ctx))


@get(WAY, guards=[require_officer])
async def show_way(request: AnyRequest, ro: Ro, ctx: CurrentContext, way: FromPath[str]) -> Response[bytes]:
    """Show one way and what is set."""
    return render_page(
        request, ONE, active_menu=PLACE, form=None, **await way_context(ro, ctx, way, _host(request))
    )


@post(WAY, guards=[require_officer])
async def take_way(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Set it up."""
    context = await way_context(db, ctx, way, _host(request))
    form = await read_form(request, way_form(way))
    async with form.rerender_on_error(ONE, active_menu=PLACE, **context):
        change = change_of(way, form.data)
        await setting_up.change_way(db, viewer.as_officer(), way, change, settings=ctx.database.settings)
    return _done(ctx, way, "Pengaturan sudah disimpan.")


@post(WAY + "/penyalaan", guards=[require_officer])
async def switch_on(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Offer it."""
    async with await _press(request, db, ctx, way):
        day = clock.today(ctx.brand.timezone)
        await setting_up.switch_on(db, viewer.as_officer(), way, settings=ctx.database.settings, on=day)
    return _done(ctx, way, "Cara ini sekarang ditawarkan kepada pembeli.")


@post(WAY + "/pemadaman", guards=[require_officer])
async def switch_off(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Offer it no longer."""
    async with await _press(request, db, ctx, way):
        await setting_up.switch_off(db, viewer.as_officer(), way, settings=ctx.database.settings)
    return _done(ctx, way, "Cara ini tidak ditawarkan lagi. Yang sedang menunggu tetap bisa dibayar.")


@post(WAY + "/naik", guards=[require_officer])
async def move_up(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Show it earlier."""
    async with await _press(request, db, ctx, way):
        await setting_up.move_up(db, viewer.as_officer(), way)
    return see_other(f"{HOME}#cara-{way}")


@post(WAY + "/turun", guards=[require_officer])
async def move_down(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Show it later."""
    async with await _press(request, db, ctx, way):
        await setting_up.move_down(db, viewer.as_officer(), way)
    return see_other(f"{HOME}#cara-{way}")


@post(WAY + "/alamat-pesan", guards=[require_officer])
async def renew_endpoint(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Make another address for the provider's messages."""
    async with await _press(request, db, ctx, way):
        await setting_up.renew_endpoint(db, viewer.as_officer(), way, settings=ctx.database.settings)
    return _done(ctx, way, "Alamat pesan sudah diganti. Pasang yang baru di halaman penyedianya.")


@post(WAY + "/percobaan", guards=[require_officer])
async def try_way(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Open a small payment and lead to where it is paid."""
    context = await way_context(db, ctx, way, _host(request))
    form = await read_form(request, TrialForm)
    async with form.rerender_on_error(ONE, active_menu=PLACE, **context):
        day = clock.today(ctx.brand.timezone)
        payment = await setting_up.open_trial(db, viewer.as_officer(), way, key=form.data.key, on=day)
    return see_other(f"/bayar/{payment.reference}")


@post(WAY + "/stiker/pemeriksaan", guards=[require_officer], request_max_body_size=MAX_UPLOAD_BYTES)
async def look_at_sticker(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    way: FromPath[str],
) -> Response[Any]:
    """Show whose QRIS was pasted or photographed, before it is kept."""
    _require_qris(way)
    async with coop_reader(database, tenant) as ro:
        context = await way_context(ro, ctx, way, _host(request))
    form = await read_form(request, StickerForm)
    async with form.rerender_on_error(ONE, field="payload", active_menu=PLACE, **context):
        payload = form.data.payload.strip()
        if not payload:
            if form.data.photo is None:
                raise way_errors.NO_STICKER(field="payload")
            # seconds of one core: in a thread, and outside of any transaction
            photo = await form.data.photo.read()
            payload = await compute_in_thread(database, tenant.schema_name, lambda: read_photo(photo))
        told = qris_provider.check_settings({"payload": payload})
    return render_page(
        request,
        "payments/way_sticker.html",
        status=200,
        active_menu=PLACE,
        told=told,
        mark=form.data.mark,
        home=f"{HOME}/{way}",
    )


@post(WAY + "/stiker", guards=[require_officer])
async def keep_sticker(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Keep the sticker that the officer has recognised."""
    _require_qris(way)
    context = await way_context(db, ctx, way, _host(request))
    form = await read_form(request, KeepStickerForm)
    async with form.rerender_on_error(ONE, field="payload", active_menu=PLACE, **context):
        sent = form.data
        await setting_up.keep_sticker(
            db, viewer.as_officer(), sent.payload, sent.mark, settings=ctx.database.settings
        )
    return _done(ctx, way, "Stiker QRIS sudah disimpan.")


@post(WAY + "/kemampuan", guards=[require_officer])
async def ask_methods(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    way: FromPath[str],
) -> Response[Any]:
    """Ask Stripe which ways the account takes, and show it."""
    if way != "stripe":
        raise errors.NO_SUCH_WAY()
    async with coop_reader(database, tenant) as ro:
        context = await way_context(ro, ctx, way, _host(request))
        found = await ways.way_of(ro, way)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error(ONE, active_menu=PLACE, **context):
        with calling.as_refusal():
            context["methods"] = await stripe_provider.probe(ways.means_of(database, tenant, found))
    return render_page(request, ONE, status=200, active_menu=PLACE, form=None, **context)


def _host(request: AnyRequest) -> str:
    return request.headers.get("host", "")


def _require_qris(way: str) -> None:
    if way != "qris":
        raise errors.NO_SUCH_WAY()


async def _press(
    request: AnyRequest, db: Db, ctx: RequestContext, way: str
) -> AbstractAsyncContextManager[None]:
    """A button of a way's page: inside, a refusal shows the page again with its sentence on top, and nothing
    is kept.
    """
    context = await way_context(db, ctx, way, _host(request))
    form = await read_form(request, EmptyForm)
    return form.rerender_on_error(ONE, active_menu=PLACE, **context)


def _done(ctx: RequestContext, way: str, sentence: str) -> Response[Any]:
    return see_other(f"{HOME}/{way}", flash=get_translations(ctx.lang).gettext(sentence))


routes: Final[list[Any]] = [
    list_ways,
    show_way,
    take_way,
    switch_on,
    switch_off,
    move_up,
    move_down,
    renew_endpoint,
    try_way,
    look_at_sticker,
    keep_sticker,
    ask_methods,
]
