"""Pages of the bylaws: read, change, preview a change, adopt it."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from governance import errors, forms, queries
from governance.adopt_bylaws import adopt_bylaws, require_effective_date
from governance.bylaws_diff import diff_bylaws
from governance.prices import get_member_price, get_public_price
from governance.queries import BylawsVersionView
from governance.rules import BASIS_NAMES, Bylaws, sum_percents, validate_bylaws
from governance.templates import TEMPLATE_NAMES
from kernel import clock, parsing
from kernel.database import as_reader
from kernel.errors import DomainError, LocalizedText, StoredText
from kernel.money import Rupiah
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentUser,
    Db,
    Form,
    Ro,
    get_context,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.errors import FIELD_REQUIRED
from ui.guards import PUBLIC, WHEN_SUSPENDED

HOME = "/pengurus/anggaran-dasar"
MAX_VERSION = 32_767  # the largest smallint
EXAMPLE_PRICE = Rupiah(75_000)
ALLOCATION_TARGET_LABELS: dict[str, LocalizedText] = {
    "savings": LocalizedText("Anggota, menurut simpanan"),
    "purchases": LocalizedText("Anggota, menurut belanja"),
    "reserve": LocalizedText("Cadangan koperasi"),
    "fund": LocalizedText("Dana untuk satu tujuan"),
    "third_party": LocalizedText("Pihak lain, misalnya desa"),
}
LOANS_TARGET_LABEL = LocalizedText("Anggota, menurut pinjaman")


def _version_context(bylaws_version: BylawsVersionView, today: date) -> dict[str, Any]:
    """Return the template values of every page that shows a version."""
    bylaws = bylaws_version.bylaws
    return {
        "bylaws_version": bylaws_version,
        "bylaws": bylaws,
        "today": today,
        "template_name": TEMPLATE_NAMES.get(
            bylaws_version.template, StoredText(bylaws_version.template, bylaws_version.template)
        ),
        "example": EXAMPLE_PRICE,
        "example_member": get_member_price(EXAMPLE_PRICE, bylaws),
        "example_public": get_public_price(EXAMPLE_PRICE, bylaws),
    }


@get("/anggaran-dasar", opt=PUBLIC | WHEN_SUSPENDED)
async def show_public_bylaws(request: AnyRequest, ro: Ro, brand: CurrentBrand) -> Response[bytes]:
    """Show everybody the bylaws in force."""
    today = clock.today(brand.timezone)
    bylaws_version = await queries.get_bylaws_on(ro, today)
    return render_page(
        request, "governance/public.html", cacheable=True, **_version_context(bylaws_version, today)
    )


@get(HOME, guards=[may("bylaws.view")])
async def show_bylaws(request: AnyRequest, ro: Ro, brand: CurrentBrand) -> Response[bytes]:
    """Show officers the bylaws in force, future ones, and the list of versions."""
    today = clock.today(brand.timezone)
    bylaws_version = await queries.get_bylaws_on(ro, today)
    versions = await queries.list_bylaws_versions(ro)
    return render_page(
        request,
        "governance/bylaws.html",
        active_menu="pengaturan",
        versions=versions,
        coming=[version for version in versions if version.effective_on > today],
        **_version_context(bylaws_version, today),
    )


@get(HOME + "/{version:int}", guards=[may("bylaws.view")])
async def show_version(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, version: FromPath[int]
) -> Response[bytes]:
    """Show one version as it was adopted, with its changes from the version before."""
    found = await queries.find_version(ro, version) if version <= MAX_VERSION else None
    if found is None:
        raise errors.NO_SUCH_VERSION(version=str(version))
    today = clock.today(brand.timezone)
    before = await queries.find_version(ro, version - 1)
    in_force = await queries.get_bylaws_on(ro, today)
    return render_page(
        request,
        "governance/version.html",
        active_menu="pengaturan",
        in_force=in_force.version,
        changes=diff_bylaws(before.bylaws, found.bylaws) if before else [],
        **_version_context(found, today),
    )


@get(HOME + "/ubah", guards=[may("bylaws.adopt")])
async def show_change_form(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, ctx: CurrentContext
) -> Response[bytes]:
    """Show the form that changes the bylaws, filled with the latest version."""
    base = await queries.get_latest_version(ro)
    effective_on = max(base.effective_on, clock.today(brand.timezone))
    values = forms.to_form_values(
        base.bylaws, based_on=base.version, effective_on=effective_on, lang=ctx.lang
    )
    return _render_form(request, base, Form(request, values, {}, None))


@post(HOME + "/ubah", guards=[may("bylaws.adopt")], status_code=200)
async def submit_change_form(request: AnyRequest, ro: Ro, brand: CurrentBrand) -> Response[bytes]:
    """Handle a button of the form: add or remove a row, recalculate, or preview the change."""
    form: Form[Any] = await read_form(request, forms.BylawsForm)
    base = await queries.get_latest_version(ro)
    do = form.values.pop("do", "lihat")
    if do != "lihat":
        form.errors.clear()
        _apply_row_action(form, do)
        return _render_form(request, base, form)
    bylaws = _require_valid_bylaws(request, form, base, clock.today(brand.timezone))
    return render_page(
        request,
        "governance/preview.html",
        active_menu="pengaturan",
        form=form,
        base=base,
        effective_on=form.data.effective_on,
        changes=diff_bylaws(base.bylaws, bylaws),
        old_example=get_member_price(EXAMPLE_PRICE, base.bylaws),
        new_example=get_member_price(EXAMPLE_PRICE, bylaws),
        example=EXAMPLE_PRICE,
        prices_change=base.bylaws.prices != bylaws.prices,
        allocation_changes=base.bylaws.allocation != bylaws.allocation
        or base.bylaws.savings_basis != bylaws.savings_basis,
    )


@post(HOME + "/penetapan", guards=[may("bylaws.adopt")])
async def submit_adoption(
    request: AnyRequest, db: Db, brand: CurrentBrand, viewer: CurrentUser
) -> Response[Any]:
    """Adopt the previewed bylaws."""
    form: Form[Any] = await read_form(request, forms.BylawsForm)
    form.values.pop("do", None)
    base = await queries.get_latest_version(as_reader(db))
    bylaws = _require_valid_bylaws(request, form, base, clock.today(brand.timezone))
    async with form.rerender_on_error(
        "governance/change.html", active_menu="pengaturan", **_form_context(request, base, form)
    ):
        version = await adopt_bylaws(
            db,
            viewer.as_officer(),
            bylaws,
            form.data.effective_on,
            form.data.note,
            form.data.based_on,
        )
    words = LocalizedText("Anggaran dasar versi {version} sudah ditetapkan.").format(version=version)
    return see_other(f"{HOME}/{version}", flash=words.localize(get_context(request).lang))


def _require_valid_bylaws(
    request: AnyRequest, form: Form[Any], base: BylawsVersionView, today: date
) -> Bylaws:
    """Return the form's bylaws, or raise FormInvalid with an error message at each field."""
    lang = get_context(request).lang
    if not form.errors:
        data = form.data
        bylaws, rows = forms.parse_bylaws(data, base.bylaws)
        for problem in _find_problems(data, bylaws, base, today):
            form.errors.setdefault(
                forms.get_field_name(problem.params.get("field"), rows), problem.localize(lang)
            )
        for row in rows:
            if getattr(data, f"percent_{row}") is None:
                form.errors[f"percent_{row}"] = FIELD_REQUIRED().localize(lang)
        if not form.errors:
            return bylaws
    raise form.invalid(
        "governance/change.html", active_menu="pengaturan", **_form_context(request, base, form)
    )


def _find_problems(data: Any, bylaws: Bylaws, base: BylawsVersionView, today: date) -> list[DomainError]:
    """Return the errors of a change: invalid rules, invalid date, outdated base version, or no change."""
    problems = validate_bylaws(bylaws)
    try:
        require_effective_date(data.effective_on, base.effective_on, today)
    except DomainError as error:
        problems.append(error)
    if not problems and data.based_on != base.version:
        problems.append(errors.CHANGED_MEANWHILE(version=base.version, by=base.adopted_by))
    elif not problems and bylaws == base.bylaws:
        problems.append(errors.NOTHING_CHANGED())
    return problems


def _apply_row_action(form: Form[Any], do: str) -> None:
    if do == "tambah":
        form.values["rows"] = str(min(forms.count_rows(form.values) + 1, forms.MAX_LINES))
    elif do.startswith("hapus-") and forms.is_row_number(do[6:]):
        values = forms.remove_row(form.values, int(do[6:]))
        form.values.clear()
        form.values.update(values)


def _render_form(request: AnyRequest, base: BylawsVersionView, form: Form[Any]) -> Response[bytes]:
    return render_page(
        request,
        "governance/change.html",
        block="form",
        active_menu="pengaturan",
        form=form,
        **_form_context(request, base, form),
    )


def _form_context(request: AnyRequest, base: BylawsVersionView, form: Form[Any]) -> dict[str, Any]:
    lang = get_context(request).lang
    choices = ALLOCATION_TARGET_LABELS | (
        {"loans": LOANS_TARGET_LABEL} if any(line.basis == "loans" for line in base.bylaws.allocation) else {}
    )
    return {
        "base": base,
        "rows": forms.count_rows(form.values),
        "most_rows": forms.MAX_LINES,
        "choices": [(key, words.localize(lang)) for key, words in choices.items()],
        "total": sum_percents(_parse_percents(form)),
        "basis_names": BASIS_NAMES,
    }


def _parse_percents(form: Form[Any]) -> list[Any]:
    percents = []
    for row in range(forms.count_rows(form.values)):
        try:
            percents.append(parsing.parse_percent(form.values.get(f"percent_{row}", "")))
        except DomainError:
            continue
    return percents


cooperative_routes: list[Any] = [
    show_public_bylaws,
    show_bylaws,
    show_version,
    show_change_form,
    submit_change_form,
    submit_adoption,
]
