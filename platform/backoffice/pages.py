"""Officers' pages: dashboard, profile and officers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import (
    appearance_pages,
    audit_log_pages,
    errors,
    manage_officers,
    queries,
    rights_pages,
    update_profile,
)
from backoffice.checklist import build_checklist, get_day_bounds
from backoffice.forms import OfficerForm, ProfileForm
from banking import reconcile_method
from cooperative.rights import OFFICE_NAMES
from kernel import clock
from kernel.batching import read_batch
from kernel.database import Reader, as_reader
from kernel.translations import get_translations
from payments.officer_queries import count_officer_work
from shop.rules import LOW_STOCK
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentTenant,
    CurrentUser,
    Db,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY, WHEN_SUSPENDED

SETTINGS = "/pengurus/pengaturan"
PROFILE_TEMPLATE, OFFICERS_TEMPLATE = "backoffice/profile.html", "backoffice/officers.html"


@get("/pengurus", guards=[may("office.view")], opt=WHEN_SUSPENDED)
async def show_dashboard(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, brand: CurrentBrand, tenant: CurrentTenant
) -> Response[bytes]:
    """Show what waits for an officer, the setup checklist and the figures of the day."""
    day = clock.today(brand.timezone)
    progress, counts, orders, low, money, rest = await read_batch(
        ro,
        queries.get_setup_progress,
        lambda ro: queries.get_pending_counts(ro, LOW_STOCK),
        queries.list_pending_orders,
        lambda ro: queries.list_low_stock_products(ro, LOW_STOCK),
        count_officer_work,
        lambda ro: read_batch(
            ro,
            lambda ro: reconcile_method.count_unexplained(ro, since=day - reconcile_method.DEFAULT_WINDOW),
            lambda ro: queries.get_daily_figures(ro, *get_day_bounds(day, brand.timezone)),
        ),
    )
    differences, figures = rest
    checklist = build_checklist(progress, ctx.lang)
    return render_page(
        request,
        "backoffice/dashboard.html",
        active_menu="hari-ini",
        day=day,
        steps=[] if all(step.done for step in checklist) else checklist,
        bylaws_open=not checklist[0].done,
        counts=counts,
        orders=orders,
        low=low,
        money=money,
        differences=differences,
        figures=figures,
        suspended=tenant.suspended_reason if tenant.suspended else None,
    )


@post("/pengurus/langkah/anggaran-dasar", guards=[may("settings.edit")])
async def submit_bylaws_confirmation(db: Db, viewer: CurrentUser) -> Response[Any]:
    """Record that an officer compared the bylaws with the cooperative's own."""
    await update_profile.confirm_bylaws(db, viewer.as_officer())
    return see_other("/pengurus")


@get(SETTINGS, guards=[may("settings.view")])
async def show_profile(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show the cooperative's profile."""
    return render_page(
        request, PROFILE_TEMPLATE, active_menu="pengaturan", form=None, profile=await queries.load_profile(ro)
    )


@post(SETTINGS, guards=[may("settings.edit")])
async def submit_profile(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, tenant: CurrentTenant
) -> Response[Any]:
    """Change the profile."""
    form = await read_form(request, ProfileForm)
    name = " ".join(form.values.get("name", "").split())
    other = (
        await update_profile.find_similar_cooperative(ctx.database, tenant, name) if not form.errors else None
    )
    stored = await queries.load_profile(db)
    async with form.rerender_on_error(PROFILE_TEMPLATE, active_menu="pengaturan", profile=stored):
        if other is not None:
            raise errors.NAME_RESEMBLES(other=other, field="name")
        details = form.data
        await update_profile.update_details(
            db,
            viewer.as_officer(),
            update_profile.ProfileDetails(
                name,
                details.tagline,
                details.address,
                details.phone,
                details.bank_account,
                details.timezone,
            ),
        )
    return see_other(SETTINGS, flash=get_translations(ctx.lang).gettext("Pengaturan sudah disimpan."))


@post(f"{SETTINGS}/toko/pembukaan", guards=[may("settings.edit")])
async def submit_shop_opening(db: Db, viewer: CurrentUser) -> Response[Any]:
    """Open the shop: it takes orders again."""
    await update_profile.open_shop(db, viewer.as_officer())
    return see_other(SETTINGS)


@post(f"{SETTINGS}/toko/penutupan", guards=[may("settings.edit")])
async def submit_shop_closing(db: Db, viewer: CurrentUser) -> Response[Any]:
    """Close the shop: it takes no new orders."""
    await update_profile.close_shop(db, viewer.as_officer())
    return see_other(SETTINGS)


@get(f"{SETTINGS}/pengurus", guards=[may("officers.view")])
async def show_officers(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show the officers."""
    return render_page(request, OFFICERS_TEMPLATE, form=None, **await _officers_context(ro))


@post(f"{SETTINGS}/pengurus", guards=[may("officers.appoint")])
async def submit_officer(request: AnyRequest, db: Db, viewer: CurrentUser) -> Response[Any]:
    """Appoint an officer and show the activation code once; only its hash is stored."""
    form = await read_form(request, OfficerForm)
    async with form.rerender_on_error(OFFICERS_TEMPLATE, **await _officers_context(db)):
        new = form.data
        appointed = await manage_officers.appoint_officer(
            db, viewer.as_officer(), name=" ".join(new.name.split()), phone=new.phone, role=new.role
        )
    return render_page(
        request, OFFICERS_TEMPLATE, form=None, **(await _officers_context(db) | {"appointed": appointed})
    )


@post(
    f"{SETTINGS}/pengurus/{{user_id:uuid}}/pemberhentian",
    guards=[may("officers.appoint")],
    opt=WHEN_READ_ONLY,
)
async def submit_dismissal(db: Db, viewer: CurrentUser, user_id: FromPath[UUID]) -> Response[Any]:
    """Dismiss an officer."""
    await manage_officers.dismiss_officer(db, viewer.as_officer(), user_id)
    return see_other(f"{SETTINGS}/pengurus")


async def _officers_context(source: AsyncSession | Reader) -> dict[str, Any]:
    ro = as_reader(source)
    return {
        "active_menu": "pengaturan",
        "officers": await queries.list_officers(ro),
        "roles": OFFICE_NAMES,
        "appointed": None,
    }


cooperative_routes: list[Any] = [
    show_dashboard,
    submit_bylaws_confirmation,
    show_profile,
    submit_profile,
    submit_shop_opening,
    submit_shop_closing,
    *appearance_pages.routes,
    show_officers,
    submit_officer,
    submit_dismissal,
    *rights_pages.routes,
    *audit_log_pages.routes,
]
