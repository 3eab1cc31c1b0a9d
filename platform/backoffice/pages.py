"""Officers' pages: dashboard, profile, appearance and officers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import audit_log_pages, errors, manage_officers, queries, update_profile
from backoffice.checklist import build_checklist, get_day_bounds
from backoffice.forms import AppearanceForm, LogoForm, OfficerForm, ProfileForm
from backoffice.theme_previews import render_theme_preview
from banking import reconcile_method
from cooperative.queries import ProfileView, get_profile
from kernel import clock
from kernel.batching import read_batch
from kernel.database import Reader, as_reader
from kernel.errors import DomainError, LocalizedText
from kernel.formats import decimal_mark
from kernel.translations import get_translations
from payments.officer_queries import count_officer_queue
from shop.rules import LOW_STOCK
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentTenant,
    CurrentUser,
    Db,
    Ro,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.colours import PAPER_COLOUR, check_accent, check_colour, contrast_ratio, readable_text_colour
from ui.errors import NOT_FOUND
from ui.guards import WHEN_READ_ONLY, WHEN_SUSPENDED
from ui.request_body import MAX_UPLOAD_BYTES
from ui.themes import load_themes

SETTINGS = "/pengurus/pengaturan"
PROFILE_TEMPLATE, APPEARANCE_TEMPLATE, OFFICERS_TEMPLATE = (
    "backoffice/profile.html",
    "backoffice/appearance.html",
    "backoffice/officers.html",
)


@get("/pengurus", guards=[require_officer], opt=WHEN_SUSPENDED)
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
        count_officer_queue,
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


@post("/pengurus/langkah/anggaran-dasar", guards=[require_officer])
async def submit_bylaws_confirmation(db: Db, viewer: CurrentUser) -> Response[Any]:
    """Record that an officer compared the bylaws with the cooperative's own."""
    await update_profile.confirm_bylaws(db, viewer.as_officer())
    return see_other("/pengurus")


@get(SETTINGS, guards=[require_officer])
async def show_profile(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show the cooperative's profile."""
    return render_page(
        request, PROFILE_TEMPLATE, active_menu="pengaturan", form=None, profile=await _load_profile(ro)
    )


@post(SETTINGS, guards=[require_officer])
async def submit_profile(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, tenant: CurrentTenant
) -> Response[Any]:
    """Change the profile."""
    form = await read_form(request, ProfileForm)
    name = " ".join(form.values.get("name", "").split())
    other = (
        await update_profile.find_similar_cooperative(ctx.database, tenant, name) if not form.errors else None
    )
    stored = await _load_profile(db)
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


@post(f"{SETTINGS}/toko/pembukaan", guards=[require_officer])
async def submit_shop_opening(db: Db, viewer: CurrentUser) -> Response[Any]:
    """Open the shop: it takes orders again."""
    await update_profile.open_shop(db, viewer.as_officer())
    return see_other(SETTINGS)


@post(f"{SETTINGS}/toko/penutupan", guards=[require_officer])
async def submit_shop_closing(db: Db, viewer: CurrentUser) -> Response[Any]:
    """Close the shop: it takes no new orders."""
    await update_profile.close_shop(db, viewer.as_officer())
    return see_other(SETTINGS)


@get(f"{SETTINGS}/tampilan", guards=[require_officer])
async def show_appearance(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    theme: FromQuery[str] = "",
    own_colours: FromQuery[str] = "",
    accent: FromQuery[str] = "",
    header: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the themes and colours.

    With the values of a form, which htmx sends while they change, show a preview of them.
    """
    stored = await _load_profile(ro)
    wanted = (
        (theme or stored.theme, bool(own_colours), accent, header) if theme else _stored_appearance(stored)
    )
    return render_page(
        request,
        APPEARANCE_TEMPLATE,
        block="trial",
        active_menu="pengaturan",
        form=None,
        **_appearance_context(ctx.lang, stored, *wanted),
    )


@post(f"{SETTINGS}/tampilan", guards=[require_officer])
async def submit_appearance(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext
) -> Response[Any]:
    """Change theme and colours."""
    form = await read_form(request, AppearanceForm)
    stored = await _load_profile(db)
    typed = form.values
    shown = _appearance_context(
        ctx.lang,
        stored,
        typed.get("theme", ""),
        bool(typed.get("own_colours")),
        typed.get("accent", ""),
        typed.get("header", ""),
    )
    async with form.rerender_on_error(APPEARANCE_TEMPLATE, field="accent", active_menu="pengaturan", **shown):
        appearance = form.data
        own = (
            (appearance.accent or None, appearance.header or None) if appearance.own_colours else (None, None)
        )
        await update_profile.update_appearance(
            db, viewer.as_officer(), update_profile.Appearance(appearance.theme, *own)
        )
    return see_other(
        f"{SETTINGS}/tampilan", flash=get_translations(ctx.lang).gettext("Tampilan sudah dipasang.")
    )


@post(f"{SETTINGS}/lambang", guards=[require_officer], request_max_body_size=MAX_UPLOAD_BYTES)
async def submit_logo(request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext) -> Response[Any]:
    """Set the logo from an uploaded picture."""
    form = await read_form(request, LogoForm)
    stored = await _load_profile(db)
    async with form.rerender_on_error(
        APPEARANCE_TEMPLATE,
        active_menu="pengaturan",
        **_appearance_context(ctx.lang, stored, *_stored_appearance(stored)),
    ):
        try:
            await update_profile.set_logo(db, viewer.as_officer(), await form.data.logo.read())
        except DomainError as error:  # the shop raises the error under another field name
            form.errors["logo"] = error.localize(ctx.lang)
            raise form.invalid(
                APPEARANCE_TEMPLATE,
                active_menu="pengaturan",
                **_appearance_context(ctx.lang, stored, *_stored_appearance(stored)),
            ) from error
    return see_other(
        f"{SETTINGS}/tampilan", flash=get_translations(ctx.lang).gettext("Lambang sudah dipasang.")
    )


@post(f"{SETTINGS}/lambang/penghapusan", guards=[require_officer])
async def submit_logo_removal(db: Db, viewer: CurrentUser, ctx: CurrentContext) -> Response[Any]:
    """Remove the logo; Lumbung's mark is shown instead."""
    await update_profile.remove_logo(db, viewer.as_officer())
    return see_other(
        f"{SETTINGS}/tampilan", flash=get_translations(ctx.lang).gettext("Lambang sudah dilepas.")
    )


@get(f"{SETTINGS}/tema/{{name:str}}", guards=[require_officer], sync_to_thread=False)
def show_theme_preview(
    name: FromPath[str], accent: FromQuery[str] = "", header: FromQuery[str] = ""
) -> Response[str]:
    """Return the preview of a theme with these colours, as SVG."""
    theme = name.removesuffix(".svg")
    if theme not in load_themes() or not name.endswith(".svg"):
        raise NOT_FOUND()
    drawn = render_theme_preview(
        theme, check_colour(accent) if accent else None, check_colour(header) if header else None
    )
    return Response(
        drawn,
        media_type="image/svg+xml",
        headers={"Cache-Control": "private, max-age=3600", "Vary": "Cookie"},
    )


@get(f"{SETTINGS}/pengurus", guards=[require_officer])
async def show_officers(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show the officers."""
    return render_page(request, OFFICERS_TEMPLATE, form=None, **await _officers_context(ro))


@post(f"{SETTINGS}/pengurus", guards=[require_officer])
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


@post(f"{SETTINGS}/pengurus/{{user_id:uuid}}/pemberhentian", guards=[require_officer], opt=WHEN_READ_ONLY)
async def submit_dismissal(db: Db, viewer: CurrentUser, user_id: FromPath[UUID]) -> Response[Any]:
    """Dismiss an officer."""
    await manage_officers.dismiss_officer(db, viewer.as_officer(), user_id)
    return see_other(f"{SETTINGS}/pengurus")


async def _load_profile(source: AsyncSession | Reader) -> ProfileView:
    stored = await get_profile(source)
    assert stored is not None, "the dispatcher has loaded it before"
    return stored


async def _officers_context(source: AsyncSession | Reader) -> dict[str, Any]:
    ro = as_reader(source)
    return {"active_menu": "pengaturan", "officers": await queries.list_officers(ro), "appointed": None}


def _stored_appearance(stored: ProfileView) -> tuple[str, bool, str, str]:
    return stored.theme, bool(stored.accent or stored.header), stored.accent or "", stored.header or ""


def _appearance_context(
    lang: Any, stored: ProfileView, theme: str, own: bool, accent: str, header: str
) -> dict[str, Any]:
    """Return what the appearance page shows: themes, effective colours and their contrast."""
    every = load_themes()
    chosen = every.get(theme) or every["base"]
    effective = {"accent": accent or chosen.brand["accent"], "header": header or chosen.brand["header"]}
    if not own:
        effective = {name: chosen.brand[name] for name in effective}
    contrasts = {
        name: _check_contrast(check, effective[name], lang)
        for name, check in (("accent", check_accent), ("header", check_colour))
    }
    valid_colours = {name: effective[name] for name in effective if own and contrasts[name]["colour"]}
    return {
        "profile": stored,
        "themes": [
            {
                "name": each.name,
                "title": LocalizedText(each.title).localize(lang),
                "note": LocalizedText(each.note).localize(lang),
                "chosen": each.name == chosen.name,
            }
            for each in every.values()
        ],
        "own": own,
        "effective": effective,
        "contrasts": contrasts,
        "valid_colours": valid_colours,
    }


def _check_contrast(check: Any, colour: str, lang: Any) -> dict[str, Any]:
    """Return whether a colour can be used, and its contrast as text with one decimal.

    ``on_it`` is the contrast of text on the colour, ``on_paper`` that of the colour on the page's paper.
    """
    try:
        fine = check(colour)
    except DomainError as error:
        return {"colour": None, "sentence": error.localize(lang), "on_it": "", "on_paper": ""}
    ratios = (contrast_ratio(fine, readable_text_colour(fine)), contrast_ratio(fine, PAPER_COLOUR))
    on_it, on_paper = (f"{ratio:.1f}".replace(".", decimal_mark(lang)) for ratio in ratios)
    return {"colour": fine, "sentence": "", "on_it": on_it, "on_paper": on_paper}


cooperative_routes: list[Any] = [
    show_dashboard,
    submit_bylaws_confirmation,
    show_profile,
    submit_profile,
    submit_shop_opening,
    submit_shop_closing,
    show_appearance,
    submit_appearance,
    submit_logo,
    submit_logo_removal,
    show_theme_preview,
    show_officers,
    submit_officer,
    submit_dismissal,
    *audit_log_pages.routes,
]
