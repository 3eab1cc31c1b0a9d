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
from tenants.file_threads import compute_in_thread
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    Db,
    Nothing,
    Ro,
    TheDatabase,
    TheTenant,
    TheViewer,
    TheVisit,
    Visit,
    officer,
    page,
    read_form,
    see_other,
)
from ui.bodies import LARGEST_UPLOAD
from ui.words import words

HOME: Final = "/pengurus/pembayaran/cara"
WAY: Final = HOME + "/{way:str}"
PLACE: Final = "pengaturan"
ONE: Final = "payments/way.html"


@get(HOME, guards=[officer])
async def list_ways(request: AnyRequest, ro: Ro, visit: TheVisit) -> Response[bytes]:
    """Show every way, how it stands, in the order in which buyers see them."""
    return page(request, "payments/ways.html", place=PLACE, **await list_context(ro, visit))


@get(WAY, guards=[officer])
async def show_way(request: AnyRequest, ro: Ro, visit: TheVisit, way: FromPath[str]) -> Response[bytes]:
    """Show one way and what is set."""
    return page(request, ONE, place=PLACE, form=None, **await way_context(ro, visit, way, _host(request)))


@post(WAY, guards=[officer])
async def take_way(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Set it up."""
    context = await way_context(db, visit, way, _host(request))
    form = await read_form(request, way_form(way))
    async with form.or_again(ONE, place=PLACE, **context):
        change = change_of(way, form.data)
        await setting_up.change_way(db, viewer.as_officer(), way, change, settings=visit.database.settings)
    return _done(visit, way, "Pengaturan sudah disimpan.")


@post(WAY + "/penyalaan", guards=[officer])
async def switch_on(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Offer it."""
    async with await _press(request, db, visit, way):
        day = clock.today(visit.brand.timezone)
        await setting_up.switch_on(db, viewer.as_officer(), way, settings=visit.database.settings, on=day)
    return _done(visit, way, "Cara ini sekarang ditawarkan kepada pembeli.")


@post(WAY + "/pemadaman", guards=[officer])
async def switch_off(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Offer it no longer."""
    async with await _press(request, db, visit, way):
        await setting_up.switch_off(db, viewer.as_officer(), way, settings=visit.database.settings)
    return _done(visit, way, "Cara ini tidak ditawarkan lagi. Yang sedang menunggu tetap bisa dibayar.")


@post(WAY + "/naik", guards=[officer])
async def move_up(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Show it earlier."""
    async with await _press(request, db, visit, way):
        await setting_up.move_up(db, viewer.as_officer(), way)
    return see_other(f"{HOME}#cara-{way}")


@post(WAY + "/turun", guards=[officer])
async def move_down(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Show it later."""
    async with await _press(request, db, visit, way):
        await setting_up.move_down(db, viewer.as_officer(), way)
    return see_other(f"{HOME}#cara-{way}")


@post(WAY + "/alamat-pesan", guards=[officer])
async def renew_endpoint(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Make another address for the provider's messages."""
    async with await _press(request, db, visit, way):
        await setting_up.renew_endpoint(db, viewer.as_officer(), way, settings=visit.database.settings)
    return _done(visit, way, "Alamat pesan sudah diganti. Pasang yang baru di halaman penyedianya.")


@post(WAY + "/percobaan", guards=[officer])
async def try_way(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Open a small payment and lead to where it is paid."""
    context = await way_context(db, visit, way, _host(request))
    form = await read_form(request, TrialForm)
    async with form.or_again(ONE, place=PLACE, **context):
        day = clock.today(visit.brand.timezone)
        payment = await setting_up.open_trial(db, viewer.as_officer(), way, key=form.data.key, on=day)
    return see_other(f"/bayar/{payment.reference}")


@post(WAY + "/stiker/pemeriksaan", guards=[officer], request_max_body_size=LARGEST_UPLOAD)
async def look_at_sticker(
    request: AnyRequest, database: TheDatabase, tenant: TheTenant, visit: TheVisit, way: FromPath[str]
) -> Response[Any]:
    """Show whose QRIS was pasted or photographed, before it is kept."""
    _require_qris(way)
    async with coop_reader(database, tenant) as ro:
        context = await way_context(ro, visit, way, _host(request))
    form = await read_form(request, StickerForm)
    async with form.or_again(ONE, field="payload", place=PLACE, **context):
        payload = form.data.payload.strip()
        if not payload:
            if form.data.photo is None:
                raise way_errors.NO_STICKER(field="payload")
            # seconds of one core: in a thread, and outside of any transaction
            photo = await form.data.photo.read()
            payload = await compute_in_thread(database, tenant.schema_name, lambda: read_photo(photo))
        told = qris_provider.check_settings({"payload": payload})
    return page(
        request,
        "payments/way_sticker.html",
        status=200,
        place=PLACE,
        told=told,
        mark=form.data.mark,
        home=f"{HOME}/{way}",
    )


@post(WAY + "/stiker", guards=[officer])
async def keep_sticker(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Keep the sticker that the officer has recognised."""
    _require_qris(way)
    context = await way_context(db, visit, way, _host(request))
    form = await read_form(request, KeepStickerForm)
    async with form.or_again(ONE, field="payload", place=PLACE, **context):
        sent = form.data
        await setting_up.keep_sticker(
            db, viewer.as_officer(), sent.payload, sent.mark, settings=visit.database.settings
        )
    return _done(visit, way, "Stiker QRIS sudah disimpan.")


@post(WAY + "/kemampuan", guards=[officer])
async def ask_methods(
    request: AnyRequest, database: TheDatabase, tenant: TheTenant, visit: TheVisit, way: FromPath[str]
) -> Response[Any]:
    """Ask Stripe which ways the account takes, and show it."""
    if way != "stripe":
        raise errors.NO_SUCH_WAY()
    async with coop_reader(database, tenant) as ro:
        context = await way_context(ro, visit, way, _host(request))
        found = await ways.way_of(ro, way)
    form = await read_form(request, Nothing)
    async with form.or_again(ONE, place=PLACE, **context):
        with calling.as_refusal():
            context["methods"] = await stripe_provider.probe(ways.means_of(database, tenant, found))
    return page(request, ONE, status=200, place=PLACE, form=None, **context)


def _host(request: AnyRequest) -> str:
    return request.headers.get("host", "")


def _require_qris(way: str) -> None:
    if way != "qris":
        raise errors.NO_SUCH_WAY()


async def _press(request: AnyRequest, db: Db, visit: Visit, way: str) -> AbstractAsyncContextManager[None]:
    """A button of a way's page: inside, a refusal shows the page again with its sentence on top, and nothing
    is kept.
    """
    context = await way_context(db, visit, way, _host(request))
    form = await read_form(request, Nothing)
    return form.or_again(ONE, place=PLACE, **context)


def _done(visit: Visit, way: str, sentence: str) -> Response[Any]:
    return see_other(f"{HOME}/{way}", flash=words(visit.lang).gettext(sentence))


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
