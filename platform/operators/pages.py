"""Operators' pages: sign in, list and search cooperatives, close and open their doors, the trail."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import phone
from kernel.database import Reader, as_reader
from members.devices import remember_device
from operators import errors, job_pages, queries
from operators.forms import NameRefusal, SignIn, Suspension
from operators.releasing import refuse, release
from operators.signing_in import SESSION_LASTS, sign_in, sign_out
from operators.suspension import resume, suspend
from tenants.founding_queries import busiest_hour, waiting_for_release
from ui import AnyRequest, Db, Ro, TheDatabase, TheVisit, Visit, operator, page, read_form, see_other
from ui.cookies import drop_session, set_session
from ui.rendering import local_path

STATES = ("active", "waiting", "suspended", "refused", "removing")


@get("/masuk")
async def sign_in_page(request: AnyRequest, visit: TheVisit, kembali: FromQuery[str] = "/") -> Response[Any]:
    """Ask who it is."""
    if visit.operator is not None:
        return see_other(local_path(kembali, "/"))
    return page(request, "operators/sign_in.html", form=None, kembali=local_path(kembali, "/"))


@post("/masuk")
async def take_sign_in(request: AnyRequest, visit: TheVisit, db: Db, database: TheDatabase) -> Response[Any]:
    """Open a session."""
    form = await read_form(request, SignIn)
    back = local_path(form.values.get("kembali", "/"), "/")
    async with form.or_again("operators/sign_in.html", kembali=back):
        opened = await sign_in(
            database, db, request, phone_number=form.data.phone, password=form.data.password
        )
    response = see_other(back)
    set_session(response, opened.token, SESSION_LASTS, secure=visit.secure)
    remember_device(response, request, database.settings, opened.account)
    return response


@post("/keluar", guards=[operator])
async def take_sign_out(visit: TheVisit, db: Db) -> Response[Any]:
    """End the session."""
    await sign_out(db, visit.operator.session)
    response = see_other("/masuk")
    drop_session(response, secure=visit.secure)
    return response


@get("/", guards=[operator])
async def list_cooperatives(
    request: AnyRequest,
    ro: Ro,
    database: TheDatabase,
    cari: FromQuery[str] = "",
    status: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """List and search."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    chosen = status if status in STATES else ""
    rows, total = await queries.cooperatives(ro, search=search, status=chosen, page=current)
    return page(
        request,
        "operators/cooperatives.html",
        block="found",
        place="koperasi",
        rows=rows,
        total=total,
        search=search,
        chosen=chosen,
        current=current,
        pages=-(-total // queries.PAGE),
        waiting=await waiting_for_release(ro),
        busiest=await busiest_hour(ro),
        most=database.settings.foundings_per_hour_in_all,
        next_page="/?" + urlencode({"cari": search, "status": chosen}) + "&halaman=",
    )


@get("/koperasi/{slug:str}", guards=[operator])
async def show_cooperative(
    request: AnyRequest, ro: Ro, visit: TheVisit, slug: FromPath[str]
) -> Response[bytes]:
    """Show what the registry knows of one."""
    return page(
        request, "operators/cooperative.html", place="koperasi", form=None, **await _card(ro, visit, slug)
    )


@post("/koperasi/{slug:str}/penangguhan", guards=[operator])
async def take_suspension(request: AnyRequest, db: Db, visit: TheVisit, slug: FromPath[str]) -> Response[Any]:
    """Ask once more with the reason in a sentence, then close the doors."""
    form = await read_form(request, Suspension)
    context = await _card(as_reader(db), visit, slug)
    async with form.or_again("operators/cooperative.html", field="reason", place="koperasi", **context):
        if not form.data.confirmed:
            return page(
                request,
                "operators/suspend.html",
                place="koperasi",
                cooperative=context["cooperative"],
                reason=form.data.reason,
            )
        await suspend(db, slug, reason=form.data.reason, by=visit.operator.name)
    return see_other(f"/koperasi/{slug}")


@post("/koperasi/{slug:str}/pembukaan", guards=[operator])
async def take_resumption(db: Db, visit: TheVisit, slug: FromPath[str]) -> Response[Any]:
    """Open the doors again."""
    await resume(db, slug, by=visit.operator.name)
    return see_other(f"/koperasi/{slug}")


@post("/koperasi/{slug:str}/pelepasan", guards=[operator])
async def take_release(db: Db, visit: TheVisit, slug: FromPath[str]) -> Response[Any]:
    """Open a cooperative whose name waited."""
    await release(db, slug, by=visit.operator.name)
    return see_other(f"/koperasi/{slug}")


@post("/koperasi/{slug:str}/penolakan", guards=[operator])
async def take_refusal(request: AnyRequest, db: Db, visit: TheVisit, slug: FromPath[str]) -> Response[Any]:
    """Keep it closed, and say why."""
    form = await read_form(request, NameRefusal)
    context = await _card(as_reader(db), visit, slug)
    async with form.or_again("operators/cooperative.html", field="refusal", place="koperasi", **context):
        await refuse(db, slug, reason=form.data.refusal, by=visit.operator.name)
    return see_other(f"/koperasi/{slug}")


@get("/jejak", guards=[operator])
async def show_trail(request: AnyRequest, ro: Ro, halaman: FromQuery[int] = 1) -> Response[bytes]:
    """Show who did what."""
    current = min(max(halaman, 1), 100_000)
    rows, total = await queries.actions(ro, page=current)
    return page(
        request,
        "operators/trail.html",
        place="jejak",
        rows=rows,
        total=total,
        current=current,
        pages=-(-total // queries.PAGE),
    )


async def _card(ro: Reader, visit: Visit, slug: str) -> dict[str, Any]:
    found = await queries.cooperative(ro, slug)
    if found is None:
        raise errors.NO_SUCH_COOPERATIVE(slug=slug[:40])
    settings = visit.database.settings
    trail, _ = await queries.actions(ro, subject=slug, limit=10)
    return {
        "cooperative": found,
        "contact_phone": phone.format_national(found.contact_phone),
        "address": f"{settings.scheme}://{slug}.{settings.base_domain}/",
        "trail": trail,
    }


routes: list[Any] = [
    sign_in_page,
    take_sign_in,
    take_sign_out,
    list_cooperatives,
    show_cooperative,
    take_suspension,
    take_resumption,
    take_release,
    take_refusal,
    show_trail,
    *job_pages.routes,
]
