"""Officers' pages of the appearance: theme, colours and logo."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from backoffice import queries, update_profile
from backoffice.forms import AppearanceForm, LogoForm
from backoffice.theme_previews import render_theme_preview
from cooperative.queries import ProfileView
from kernel.errors import DomainError, LocalizedText
from kernel.formats import decimal_mark
from kernel.translations import get_translations
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.colours import PAPER_COLOUR, check_accent, check_colour, contrast_ratio, readable_text_colour
from ui.errors import NOT_FOUND
from ui.request_body import MAX_UPLOAD_BYTES
from ui.themes import load_themes

SETTINGS = "/pengurus/pengaturan"
APPEARANCE_TEMPLATE = "backoffice/appearance.html"


@get(f"{SETTINGS}/tampilan", guards=[may("settings.view")])
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
    stored = await queries.load_profile(ro)
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


@post(f"{SETTINGS}/tampilan", guards=[may("settings.edit")])
async def submit_appearance(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext
) -> Response[Any]:
    """Change theme and colours."""
    form = await read_form(request, AppearanceForm)
    stored = await queries.load_profile(db)
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


@post(
    f"{SETTINGS}/lambang",
    guards=[may("settings.edit")],
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def submit_logo(request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext) -> Response[Any]:
    """Set the logo from an uploaded picture."""
    form = await read_form(request, LogoForm)
    stored = await queries.load_profile(db)
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


@post(f"{SETTINGS}/lambang/penghapusan", guards=[may("settings.edit")])
async def submit_logo_removal(db: Db, viewer: CurrentUser, ctx: CurrentContext) -> Response[Any]:
    """Remove the logo; Lumbung's mark is shown instead."""
    await update_profile.remove_logo(db, viewer.as_officer())
    return see_other(
        f"{SETTINGS}/tampilan", flash=get_translations(ctx.lang).gettext("Lambang sudah dilepas.")
    )


@get(f"{SETTINGS}/tema/{{name:str}}", guards=[may("settings.view")], sync_to_thread=False)
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


routes: list[Any] = [
    show_appearance,
    submit_appearance,
    submit_logo,
    submit_logo_removal,
    show_theme_preview,
]
