"""Officers' pages of payment methods: list and order, one method's settings, the QRIS sticker."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from gateways import qris_provider, stripe_provider
from gateways.qris_photo import read_photo
from kernel import clock
from kernel.translations import get_translations
from payments import configure_method, errors, methods, provider_calls
from payments.method_settings_forms import (
    SaveStickerForm,
    StickerForm,
    TestPaymentForm,
    method_form,
    to_method_change,
)
from payments.method_settings_view_models import build_list_context, build_method_context
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
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY
from ui.request_body import MAX_UPLOAD_BYTES

HOME: Final = "/pengurus/pembayaran/cara"
METHOD: Final = HOME + "/{method:str}"
PLACE: Final = "pengaturan"
TEMPLATE: Final = "payments/method.html"


@get(HOME, guards=[may("payments.configure")])
async def list_methods(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """Show every method with its status, in the order in which buyers see them."""
    return render_page(
        request, "payments/methods.html", active_menu=PLACE, **await build_list_context(ro, ctx)
    )


@get(METHOD, guards=[may("payments.configure")])
async def show_method(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, method: FromPath[str]
) -> Response[bytes]:
    """Show one method and its settings."""
    return render_page(
        request,
        TEMPLATE,
        active_menu=PLACE,
        form=None,
        **await build_method_context(ro, ctx, method, _host(request)),
    )


@post(METHOD, guards=[may("payments.configure")])
async def submit_method(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Save a method's settings."""
    context = await build_method_context(db, ctx, method, _host(request))
    form = await read_form(request, method_form(method))
    async with form.rerender_on_error(TEMPLATE, active_menu=PLACE, **context):
        change = to_method_change(method, form.data)
        await configure_method.update_method(
            db, viewer.as_officer(), method, change, settings=ctx.database.settings
        )
    return _redirect_to_method(ctx, method, "Pengaturan sudah disimpan.")


@post(METHOD + "/penyalaan", guards=[may("payments.configure")])
async def submit_enabling(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Enable a method for buyers."""
    async with await _submit_button(request, db, ctx, method):
        day = clock.today(ctx.brand.timezone)
        await configure_method.enable_method(
            db, viewer.as_officer(), method, settings=ctx.database.settings, on=day
        )
    return _redirect_to_method(ctx, method, "Cara ini sekarang ditawarkan kepada pembeli.")


@post(METHOD + "/pemadaman", guards=[may("payments.configure")], opt=WHEN_READ_ONLY)
async def submit_disabling(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Disable a method."""
    async with await _submit_button(request, db, ctx, method):
        await configure_method.disable_method(db, viewer.as_officer(), method, settings=ctx.database.settings)
    return _redirect_to_method(
        ctx, method, "Cara ini tidak ditawarkan lagi. Yang sedang menunggu tetap bisa dibayar."
    )


@post(METHOD + "/naik", guards=[may("payments.configure")])
async def submit_move_up(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Move a method up in the list."""
    async with await _submit_button(request, db, ctx, method):
        await configure_method.move_up(db, viewer.as_officer(), method)
    return see_other(f"{HOME}#cara-{method}")


@post(METHOD + "/turun", guards=[may("payments.configure")])
async def submit_move_down(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Move a method down in the list."""
    async with await _submit_button(request, db, ctx, method):
        await configure_method.move_down(db, viewer.as_officer(), method)
    return see_other(f"{HOME}#cara-{method}")


@post(METHOD + "/alamat-pesan", guards=[may("payments.configure")])
async def submit_webhook_url_replacement(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Generate a new webhook URL."""
    async with await _submit_button(request, db, ctx, method):
        await configure_method.replace_webhook_url(
            db, viewer.as_officer(), method, settings=ctx.database.settings
        )
    return _redirect_to_method(
        ctx, method, "Alamat webhook sudah diganti. Pasang yang baru di halaman penyedianya."
    )


@post(METHOD + "/percobaan", guards=[may("payments.configure")])
async def submit_method_test(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Open a test payment and redirect to its page."""
    context = await build_method_context(db, ctx, method, _host(request))
    form = await read_form(request, TestPaymentForm)
    async with form.rerender_on_error(TEMPLATE, active_menu=PLACE, **context):
        day = clock.today(ctx.brand.timezone)
        payment = await configure_method.start_method_test(
            db, viewer.as_officer(), method, key=form.data.key, on=day
        )
    return see_other(f"/bayar/{payment.reference}")


@post(
    METHOD + "/stiker/pemeriksaan",
    guards=[may("payments.configure")],
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def preview_sticker(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    method: FromPath[str],
) -> Response[Any]:
    """Show whose QRIS was pasted or photographed, before it is stored."""
    _require_qris(method)
    async with coop_reader(database, tenant) as ro:
        context = await build_method_context(ro, ctx, method, _host(request))
    form = await read_form(request, StickerForm)
    async with form.rerender_on_error(TEMPLATE, field="payload", active_menu=PLACE, **context):
        payload = form.data.payload.strip()
        if not payload:
            if form.data.photo is None:
                raise errors.NO_STICKER(field="payload")
            # takes seconds of CPU: in a thread, outside of any transaction
            photo = await form.data.photo.read()
            payload = await compute_in_thread(database, tenant.schema_name, lambda: read_photo(photo))
        sticker = qris_provider.describe_sticker({"payload": payload})
    return render_page(
        request,
        "payments/method_sticker.html",
        status=200,
        active_menu=PLACE,
        sticker=sticker,
        mark=form.data.mark,
        home=f"{HOME}/{method}",
    )


@post(METHOD + "/stiker", guards=[may("payments.configure")])
async def submit_sticker(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Store the sticker that the officer has confirmed."""
    _require_qris(method)
    context = await build_method_context(db, ctx, method, _host(request))
    form = await read_form(request, SaveStickerForm)
    async with form.rerender_on_error(TEMPLATE, field="payload", active_menu=PLACE, **context):
        sent = form.data
        await configure_method.save_sticker(
            db, viewer.as_officer(), sent.payload, sent.mark, settings=ctx.database.settings
        )
    return _redirect_to_method(ctx, method, "Stiker QRIS sudah disimpan.")


@post(METHOD + "/kemampuan", guards=[may("payments.configure")])
async def submit_probe(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    method: FromPath[str],
) -> Response[Any]:
    """Ask Stripe which payment types the account accepts, and show them."""
    if method != "stripe":
        raise errors.NO_SUCH_METHOD()
    async with coop_reader(database, tenant) as ro:
        context = await build_method_context(ro, ctx, method, _host(request))
        found = await methods.get_method(ro, method)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error(TEMPLATE, active_menu=PLACE, **context):
        with provider_calls.translate_provider_errors():
            context["methods"] = await stripe_provider.probe(
                methods.build_provider_account(database, tenant, found)
            )
    return render_page(request, TEMPLATE, status=200, active_menu=PLACE, form=None, **context)


def _host(request: AnyRequest) -> str:
    return request.headers.get("host", "")


def _require_qris(method: str) -> None:
    if method != "qris":
        raise errors.NO_SUCH_METHOD()


async def _submit_button(
    request: AnyRequest, db: Db, ctx: RequestContext, method: str
) -> AbstractAsyncContextManager[None]:
    """Handle a button of a method's page: an error inside renders the page again and nothing is stored."""
    context = await build_method_context(db, ctx, method, _host(request))
    form = await read_form(request, EmptyForm)
    return form.rerender_on_error(TEMPLATE, active_menu=PLACE, **context)


def _redirect_to_method(ctx: RequestContext, method: str, sentence: str) -> Response[Any]:
    return see_other(f"{HOME}/{method}", flash=get_translations(ctx.lang).gettext(sentence))


routes: Final[list[Any]] = [
    list_methods,
    show_method,
    submit_method,
    submit_enabling,
    submit_disabling,
    submit_move_up,
    submit_move_down,
    submit_webhook_url_replacement,
    submit_method_test,
    preview_sticker,
    submit_sticker,
    submit_probe,
]
