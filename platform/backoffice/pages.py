"""Officers' pages: what waits today, and how the cooperative shows itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import errors, officers, profile, queries, trail_pages
from backoffice.forms import FactsForm, LogoForm, LookForm, OfficerForm
from backoffice.theme_pictures import picture
from backoffice.today import day_of, steps
from cooperative.queries import ProfileView
from cooperative.queries import profile as stored_profile
from kernel import clock
from kernel.batching import read_batch
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from payments.officer.payment_queries import waiting as waiting_payments
from payments.reconciliation import comparing
from shop.rules import LOW_STOCK
from ui import (
    AnyRequest,
    Db,
    Ro,
    TheBrand,
    TheTenant,
    TheViewer,
    TheVisit,
    officer,
    page,
    read_form,
    see_other,
)
from ui.bodies import LARGEST_UPLOAD
from ui.colours import PAPER, check_accent, check_colour, contrast, readable_ink
from ui.errors import NOT_FOUND
from ui.themes import themes
from ui.words import words

SETTINGS = "/pengurus/pengaturan"
FACTS, LOOK, OFFICERS = "backoffice/facts.html", "backoffice/look.html", "backoffice/officers.html"
YEAR_SECONDS = 31_536_000


@get("/pengurus", guards=[officer])
async def today(
    request: AnyRequest, ro: Ro, visit: TheVisit, brand: TheBrand, tenant: TheTenant
) -> Response[bytes]:
    """Show what waits, each with its one next step, and the figures of the day."""
    day = clock.today(brand.timezone)
    beginnings, counts, orders, low, money, rest = await read_batch(
        ro,
        queries.beginnings,
        lambda ro: queries.counts(ro, LOW_STOCK),
        queries.waiting_orders,
        lambda ro: queries.low_products(ro, LOW_STOCK),
        waiting_payments,
        lambda ro: read_batch(
            ro,
            lambda ro: comparing.unexplained(ro, since=day - comparing.SHOWN),
            lambda ro: queries.day_figures(ro, *day_of(day, brand.timezone)),
        ),
    )
    differences, figures = rest
    begun = steps(beginnings, visit.lang)
    return page(
        request,
        "backoffice/today.html",
        place="hari-ini",
        day=day,
        steps=[] if all(step.done for step in begun) else begun,
        bylaws_open=not begun[0].done,
        counts=counts,
        orders=orders,
        low=low,
        money=money,
        differences=differences,
        figures=figures,
        suspended=tenant.suspended_reason if tenant.suspended else None,
    )


@post("/pengurus/langkah/anggaran-dasar", guards=[officer])
async def bylaws_are_right(db: Db, viewer: TheViewer) -> Response[Any]:
    """Take down that somebody has compared the bylaws with the cooperative's own."""
    await profile.confirm_bylaws(db, viewer.as_officer())
    return see_other("/pengurus")


@get(SETTINGS, guards=[officer])
async def show_facts(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show what the cooperative says of itself."""
    return page(request, FACTS, place="pengaturan", form=None, profile=await _profile(ro))


@post(SETTINGS, guards=[officer])
async def take_facts(
    request: AnyRequest, db: Db, viewer: TheViewer, visit: TheVisit, tenant: TheTenant
) -> Response[Any]:
    """Change it."""
    form = await read_form(request, FactsForm)
    name = " ".join(form.values.get("name", "").split())
    other = await profile.resembled_by(visit.database, tenant, name) if not form.errors else None
    stored = await _profile(db)
    async with form.or_again(FACTS, place="pengaturan", profile=stored):
        if other is not None:
            raise errors.NAME_RESEMBLES(other=other, field="name")
        facts = form.data
        await profile.change_facts(
            db,
            viewer.as_officer(),
            profile.Facts(
                name,
                facts.tagline,
                facts.address,
                facts.phone,
                facts.bank_account,
                facts.timezone,
            ),
        )
    return see_other(SETTINGS, flash=words(visit.lang).gettext("Pengaturan sudah disimpan."))


@post(f"{SETTINGS}/toko/pembukaan", guards=[officer])
async def take_opening(db: Db, viewer: TheViewer) -> Response[Any]:
    """Take orders again."""
    await profile.open_shop(db, viewer.as_officer())
    return see_other(SETTINGS)


@post(f"{SETTINGS}/toko/penutupan", guards=[officer])
async def take_closing(db: Db, viewer: TheViewer) -> Response[Any]:
    """Take no more orders."""
    await profile.close_shop(db, viewer.as_officer())
    return see_other(SETTINGS)


@get(f"{SETTINGS}/tampilan", guards=[officer])
async def show_look(
    request: AnyRequest,
    ro: Ro,
    visit: TheVisit,
    theme: FromQuery[str] = "",
    own_colours: FromQuery[str] = "",
    accent: FromQuery[str] = "",
    header: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the themes and colours; with a form's values (htmx sends them while they change) what they would
    look like.
    """
    stored = await _profile(ro)
    wanted = (theme or stored.theme, bool(own_colours), accent, header) if theme else _stored_look(stored)
    return page(
        request, LOOK, block="trial", place="pengaturan", form=None, **_look(visit.lang, stored, *wanted)
    )


@post(f"{SETTINGS}/tampilan", guards=[officer])
async def take_look(request: AnyRequest, db: Db, viewer: TheViewer, visit: TheVisit) -> Response[Any]:
    """Wear another look."""
    form = await read_form(request, LookForm)
    stored = await _profile(db)
    typed = form.values
    shown = _look(
        visit.lang,
        stored,
        typed.get("theme", ""),
        bool(typed.get("own_colours")),
        typed.get("accent", ""),
        typed.get("header", ""),
    )
    async with form.or_again(LOOK, field="accent", place="pengaturan", **shown):
        look = form.data
        own = (look.accent or None, look.header or None) if look.own_colours else (None, None)
        await profile.change_look(db, viewer.as_officer(), profile.Look(look.theme, *own))
    return see_other(f"{SETTINGS}/tampilan", flash=words(visit.lang).gettext("Tampilan sudah dipasang."))


@post(f"{SETTINGS}/lambang", guards=[officer], request_max_body_size=LARGEST_UPLOAD)
async def take_logo(request: AnyRequest, db: Db, viewer: TheViewer, visit: TheVisit) -> Response[Any]:
    """Take a new logo."""
    form = await read_form(request, LogoForm)
    stored = await _profile(db)
    async with form.or_again(LOOK, place="pengaturan", **_look(visit.lang, stored, *_stored_look(stored))):
        try:
            await profile.set_logo(db, viewer.as_officer(), await form.data.logo.read())
        except DomainError as refusal:  # the picture's own room calls the field by another name
            form.errors["logo"] = refusal.message(visit.lang)
            raise form.again(
                LOOK, place="pengaturan", **_look(visit.lang, stored, *_stored_look(stored))
            ) from refusal
    return see_other(f"{SETTINGS}/tampilan", flash=words(visit.lang).gettext("Lambang sudah dipasang."))


@post(f"{SETTINGS}/lambang/penghapusan", guards=[officer])
async def take_logo_away(db: Db, viewer: TheViewer, visit: TheVisit) -> Response[Any]:
    """Go back to Lumbung's mark."""
    await profile.remove_logo(db, viewer.as_officer())
    return see_other(f"{SETTINGS}/tampilan", flash=words(visit.lang).gettext("Lambang sudah dilepas."))


@get(f"{SETTINGS}/tema/{{name:str}}", guards=[officer], sync_to_thread=False)
def theme_picture(
    name: FromPath[str], accent: FromQuery[str] = "", header: FromQuery[str] = ""
) -> Response[str]:
    """Draw a theme with these colours."""
    theme = name.removesuffix(".svg")
    if theme not in themes() or not name.endswith(".svg"):
        raise NOT_FOUND()
    drawn = picture(theme, check_colour(accent) if accent else None, check_colour(header) if header else None)
    return Response(
        drawn,
        media_type="image/svg+xml",
        headers={"Cache-Control": "private, max-age=3600", "Vary": "Cookie"},
    )


@get(f"{SETTINGS}/pengurus", guards=[officer])
async def show_officers(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show who holds office."""
    return page(request, OFFICERS, form=None, **await _officers(ro))


@post(f"{SETTINGS}/pengurus", guards=[officer])
async def take_officer(request: AnyRequest, db: Db, viewer: TheViewer) -> Response[Any]:
    """Appoint, and show the code once: it is kept nowhere."""
    form = await read_form(request, OfficerForm)
    async with form.or_again(OFFICERS, **await _officers(db)):
        new = form.data
        appointed = await officers.appoint(
            db, viewer.as_officer(), name=" ".join(new.name.split()), phone=new.phone, role=new.role
        )
    return page(request, OFFICERS, form=None, **(await _officers(db) | {"appointed": appointed}))


@post(f"{SETTINGS}/pengurus/{{user_id:uuid}}/pemberhentian", guards=[officer])
async def take_dismissal(db: Db, viewer: TheViewer, user_id: FromPath[UUID]) -> Response[Any]:
    """Take an office away."""
    await officers.dismiss(db, viewer.as_officer(), user_id)
    return see_other(f"{SETTINGS}/pengurus")


async def _profile(source: AsyncSession | Reader) -> ProfileView:
    stored = await stored_profile(source)
    assert stored is not None, "the doors have read it before"
    return stored


async def _officers(source: AsyncSession | Reader) -> dict[str, Any]:
    ro = as_reader(source)
    return {"place": "pengaturan", "officers": await queries.officers(ro), "appointed": None}


def _stored_look(stored: ProfileView) -> tuple[str, bool, str, str]:
    return stored.theme, bool(stored.accent or stored.header), stored.accent or "", stored.header or ""


def _look(lang: Any, stored: ProfileView, theme: str, own: bool, accent: str, header: str) -> dict[str, Any]:
    """What the page of themes shows: the colours that would be worn, and what is to be said of their
    contrast.
    """
    every = themes()
    chosen = every.get(theme) or every["base"]
    worn = {"accent": accent or chosen.brand["accent"], "header": header or chosen.brand["header"]}
    if not own:
        worn = {name: chosen.brand[name] for name in worn}
    said = {
        name: _verdict(check, worn[name], lang)
        for name, check in (("accent", check_accent), ("header", check_colour))
    }
    fits = {name: worn[name] for name in worn if own and said[name]["colour"]}
    return {
        "profile": stored,
        "themes": [
            {
                "name": each.name,
                "title": each.title[lang],
                "note": each.note[lang],
                "chosen": each.name == chosen.name,
            }
            for each in every.values()
        ],
        "own": own,
        "worn": worn,
        "said": said,
        "fits": fits,
    }


def _verdict(check: Any, colour: str, lang: Any) -> dict[str, Any]:
    """Whether a colour can be worn and how well it reads, in tenths: words on it, and (for the accent) the
    colour itself on paper.
    """
    try:
        fine = check(colour)
    except DomainError as refusal:
        return {"colour": None, "sentence": refusal.message(lang), "on_it": "", "on_paper": ""}
    ratios = (contrast(fine, readable_ink(fine)), contrast(fine, PAPER))
    on_it, on_paper = (f"{ratio:.1f}".replace(".", "," if lang == "id" else ".") for ratio in ratios)
    return {"colour": fine, "sentence": "", "on_it": on_it, "on_paper": on_paper}


routes: list[Any] = [
    today,
    bylaws_are_right,
    show_facts,
    take_facts,
    take_opening,
    take_closing,
    show_look,
    take_look,
    take_logo,
    take_logo_away,
    theme_picture,
    show_officers,
    take_officer,
    take_dismissal,
    *trail_pages.routes,
]
