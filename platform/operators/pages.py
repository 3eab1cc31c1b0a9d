"""Operators' pages: sign in, list and search cooperatives, approve, suspend and resume them, audit log."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import phone
from kernel.database import Reader, as_reader
from members.devices import remember_device
from operators import errors, job_pages, queries
from operators.forms import OperatorSignInForm, RejectionForm, SuspensionForm
from operators.review_cooperative import approve_cooperative, reject_cooperative
from operators.sign_in import SESSION_LIFETIME, sign_in, sign_out
from operators.suspend_cooperative import resume_cooperative, suspend_cooperative
from tenants.founding_queries import count_awaiting_approval, max_foundings_in_an_hour
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    Db,
    RequestContext,
    Ro,
    read_form,
    render_page,
    require_operator,
    see_other,
)
from ui.cookies import clear_session_cookie, set_session_cookie
from ui.guards import PUBLIC
from ui.rendering import safe_redirect_path

STATUSES = ("active", "waiting", "suspended", "refused", "removing")


@get("/masuk", opt=PUBLIC)
async def show_sign_in(
    request: AnyRequest, ctx: CurrentContext, kembali: FromQuery[str] = "/"
) -> Response[Any]:
    """Show the sign-in form."""
    if ctx.operator is not None:
        return see_other(safe_redirect_path(kembali, "/"))
    return render_page(request, "operators/sign_in.html", form=None, kembali=safe_redirect_path(kembali, "/"))


@post("/masuk", opt=PUBLIC)
async def submit_sign_in(
    request: AnyRequest, ctx: CurrentContext, db: Db, database: CurrentDatabase
) -> Response[Any]:
    """Sign an operator in."""
    form = await read_form(request, OperatorSignInForm)
    back = safe_redirect_path(form.values.get("kembali", "/"), "/")
    async with form.rerender_on_error("operators/sign_in.html", kembali=back):
        opened = await sign_in(
            database, db, request, phone_number=form.data.phone, password=form.data.password
        )
    response = see_other(back)
    set_session_cookie(response, opened.token, SESSION_LIFETIME, secure=ctx.is_secure)
    remember_device(response, request, database.settings, opened.account)
    return response


@post("/keluar", guards=[require_operator])
async def submit_sign_out(ctx: CurrentContext, db: Db) -> Response[Any]:
    """Sign the operator out."""
    await sign_out(db, ctx.operator.session)
    response = see_other("/masuk")
    clear_session_cookie(response, secure=ctx.is_secure)
    return response


@get("/", guards=[require_operator])
async def show_cooperatives(
    request: AnyRequest,
    ro: Ro,
    database: CurrentDatabase,
    cari: FromQuery[str] = "",
    status: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """List, search and filter the cooperatives."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    chosen = status if status in STATUSES else ""
    rows, total = await queries.list_cooperatives(ro, search=search, status=chosen, page=current)
    return render_page(
        request,
        "operators/cooperatives.html",
        block="found",
        active_menu="koperasi",
        rows=rows,
        total=total,
        search=search,
        chosen=chosen,
        current=current,
        pages=-(-total // queries.PAGE_SIZE),
        waiting=await count_awaiting_approval(ro),
        busiest=await max_foundings_in_an_hour(ro),
        most=database.settings.foundings_per_hour_in_all,
        next_page="/?" + urlencode({"cari": search, "status": chosen}) + "&halaman=",
    )


@get("/koperasi/{slug:str}", guards=[require_operator])
async def show_cooperative(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, slug: FromPath[str]
) -> Response[bytes]:
    """Show the registry's data of one cooperative."""
    return render_page(
        request,
        "operators/cooperative.html",
        active_menu="koperasi",
        form=None,
        **await _cooperative_context(ro, ctx, slug),
    )


@post("/koperasi/{slug:str}/penangguhan", guards=[require_operator])
async def submit_suspension(
    request: AnyRequest, db: Db, ctx: CurrentContext, slug: FromPath[str]
) -> Response[Any]:
    """Show a confirmation page with the reason, then suspend the cooperative."""
    form = await read_form(request, SuspensionForm)
    context = await _cooperative_context(as_reader(db), ctx, slug)
    async with form.rerender_on_error(
        "operators/cooperative.html", field="reason", active_menu="koperasi", **context
    ):
        if not form.data.confirmed:
            return render_page(
                request,
                "operators/suspend.html",
                active_menu="koperasi",
                cooperative=context["cooperative"],
                reason=form.data.reason,
            )
        await suspend_cooperative(db, slug, reason=form.data.reason, by=ctx.operator.name)
    return see_other(f"/koperasi/{slug}")


@post("/koperasi/{slug:str}/pembukaan", guards=[require_operator])
async def submit_resumption(db: Db, ctx: CurrentContext, slug: FromPath[str]) -> Response[Any]:
    """Resume a suspended cooperative."""
    await resume_cooperative(db, slug, by=ctx.operator.name)
    return see_other(f"/koperasi/{slug}")


@post("/koperasi/{slug:str}/pelepasan", guards=[require_operator])
async def submit_approval(db: Db, ctx: CurrentContext, slug: FromPath[str]) -> Response[Any]:
    """Approve a cooperative whose name waited for review."""
    await approve_cooperative(db, slug, by=ctx.operator.name)
    return see_other(f"/koperasi/{slug}")


@post("/koperasi/{slug:str}/penolakan", guards=[require_operator])
async def submit_rejection(
    request: AnyRequest, db: Db, ctx: CurrentContext, slug: FromPath[str]
) -> Response[Any]:
    """Reject a cooperative whose name waited for review."""
    form = await read_form(request, RejectionForm)
    context = await _cooperative_context(as_reader(db), ctx, slug)
    async with form.rerender_on_error(
        "operators/cooperative.html", field="rejection_reason", active_menu="koperasi", **context
    ):
        await reject_cooperative(db, slug, reason=form.data.rejection_reason, by=ctx.operator.name)
    return see_other(f"/koperasi/{slug}")


@get("/jejak", guards=[require_operator])
async def show_audit_log(request: AnyRequest, ro: Ro, halaman: FromQuery[int] = 1) -> Response[bytes]:
    """Show the operators' audit log."""
    current = min(max(halaman, 1), 100_000)
    rows, total = await queries.list_actions(ro, page=current)
    return render_page(
        request,
        "operators/audit_log.html",
        active_menu="jejak",
        rows=rows,
        total=total,
        current=current,
        pages=-(-total // queries.PAGE_SIZE),
    )


async def _cooperative_context(ro: Reader, ctx: RequestContext, slug: str) -> dict[str, Any]:
    found = await queries.find_cooperative(ro, slug)
    if found is None:
        raise errors.NO_SUCH_COOPERATIVE(slug=slug[:40])
    settings = ctx.database.settings
    audit_log, _ = await queries.list_actions(ro, subject=slug, limit=10)
    return {
        "cooperative": found,
        "contact_phone": phone.format_national(found.contact_phone),
        "address": f"{settings.scheme}://{slug}.{settings.base_domain}/",
        "audit_log": audit_log,
    }


operator_routes: list[Any] = [
    show_sign_in,
    submit_sign_in,
    submit_sign_out,
    show_cooperatives,
    show_cooperative,
    submit_suspension,
    submit_resumption,
    submit_approval,
    submit_rejection,
    show_audit_log,
    *job_pages.routes,
]
