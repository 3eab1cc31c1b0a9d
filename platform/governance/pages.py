"""Pages of the bylaws: read them, change them, see what the change does, adopt it."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from governance import errors, forms, queries
from governance.adoption import adopt, require_date
from governance.difference import difference
from governance.prices import member_price, public_price
from governance.queries import BylawsInForce
from governance.rules import BASIS_NAMES, Bylaws, total_percent, validate
from governance.templates import TEMPLATE_NAMES
from kernel import clock, parsing
from kernel.database import as_reader
from kernel.errors import DomainError, LocalizedText
from kernel.money import Rupiah
from ui import (
    AnyRequest,
    Db,
    Form,
    Ro,
    TheBrand,
    TheViewer,
    TheVisit,
    officer,
    page,
    read_form,
    see_other,
    visit_of,
)
from ui.errors import FIELD_REQUIRED

HOME = "/pengurus/anggaran-dasar"
LARGEST_VERSION = 32_767  # what versions are stored in
EXAMPLE_PRICE = Rupiah(75_000)
CHOICES: dict[str, LocalizedText] = {
    "savings": LocalizedText("Anggota, menurut simpanan", "Members, by savings"),
    "purchases": LocalizedText("Anggota, menurut belanja", "Members, by purchases"),
    "reserve": LocalizedText("Cadangan koperasi", "The cooperative's reserve"),
    "fund": LocalizedText("Dana untuk satu tujuan", "A fund for one purpose"),
    "third_party": LocalizedText("Pihak lain, misalnya desa", "Others, such as the village"),
}
LOANS = LocalizedText("Anggota, menurut pinjaman", "Members, by loans")


def _reading(held: BylawsInForce, today: date) -> dict[str, Any]:
    """What every page that shows a version needs."""
    bylaws = held.bylaws
    return {
        "held": held,
        "bylaws": bylaws,
        "today": today,
        "template_name": TEMPLATE_NAMES.get(held.template, LocalizedText(held.template, held.template)),
        "example": EXAMPLE_PRICE,
        "example_member": member_price(EXAMPLE_PRICE, bylaws),
        "example_public": public_price(EXAMPLE_PRICE, bylaws),
    }


@get("/anggaran-dasar")
async def read_bylaws(request: AnyRequest, ro: Ro, brand: TheBrand) -> Response[bytes]:
    """Everybody may read the rules that are in force."""
    today = clock.today(brand.timezone)
    held = await queries.bylaws_on(ro, today)
    return page(request, "governance/public.html", shared=True, **_reading(held, today))


@get(HOME, guards=[officer])
async def bylaws_home(request: AnyRequest, ro: Ro, brand: TheBrand) -> Response[bytes]:
    """The rules in force, what will follow them, and every version."""
    today = clock.today(brand.timezone)
    held = await queries.bylaws_on(ro, today)
    versions = await queries.versions(ro)
    return page(
        request,
        "governance/bylaws.html",
        place="pengaturan",
        versions=versions,
        coming=[version for version in versions if version.effective_on > today],
        **_reading(held, today),
    )


@get(HOME + "/{version:int}", guards=[officer])
async def old_bylaws(request: AnyRequest, ro: Ro, brand: TheBrand, version: FromPath[int]) -> Response[bytes]:
    """One version as it was adopted, with what it changed."""
    found = await queries.version_of(ro, version) if version <= LARGEST_VERSION else None
    if found is None:
        raise errors.NO_SUCH_VERSION(version=str(version))
    today = clock.today(brand.timezone)
    before = await queries.version_of(ro, version - 1)
    in_force = await queries.bylaws_on(ro, today)
    return page(
        request,
        "governance/version.html",
        place="pengaturan",
        in_force=in_force.version,
        changes=difference(before.bylaws, found.bylaws) if before else [],
        **_reading(found, today),
    )


@get(HOME + "/ubah", guards=[officer])
async def change_bylaws(request: AnyRequest, ro: Ro, brand: TheBrand, visit: TheVisit) -> Response[bytes]:
    """The form, filled with the version adopted last."""
    base = await queries.latest(ro)
    effective_on = max(base.effective_on, clock.today(brand.timezone))
    values = forms.values_of(base.bylaws, based_on=base.version, effective_on=effective_on, lang=visit.lang)
    return _show(request, base, Form(request, values, {}, None))


@post(HOME + "/ubah", guards=[officer], status_code=200)
async def press_in_form(request: AnyRequest, ro: Ro, brand: TheBrand) -> Response[bytes]:
    """A button of the form: add or take away a row, sum up, or see what the change does."""
    form: Form[Any] = await read_form(request, forms.BylawsForm)
    base = await queries.latest(ro)
    do = form.values.pop("do", "lihat")
    if do != "lihat":
        form.errors.clear()
        _press(form, do)
        return _show(request, base, form)
    bylaws = _checked(request, form, base, clock.today(brand.timezone))
    return page(
        request,
        "governance/preview.html",
        place="pengaturan",
        form=form,
        base=base,
        effective_on=form.data.effective_on,
        changes=difference(base.bylaws, bylaws),
        old_example=member_price(EXAMPLE_PRICE, base.bylaws),
        new_example=member_price(EXAMPLE_PRICE, bylaws),
        example=EXAMPLE_PRICE,
        prices_change=base.bylaws.prices != bylaws.prices,
        allocation_changes=base.bylaws.allocation != bylaws.allocation
        or base.bylaws.savings_basis != bylaws.savings_basis,
    )


@post(HOME + "/penetapan", guards=[officer])
async def adopt_bylaws(request: AnyRequest, db: Db, brand: TheBrand, viewer: TheViewer) -> Response[Any]:
    """Adopt what the preview showed."""
    form: Form[Any] = await read_form(request, forms.BylawsForm)
    form.values.pop("do", None)
    base = await queries.latest(as_reader(db))
    bylaws = _checked(request, form, base, clock.today(brand.timezone))
    async with form.or_again(
        "governance/change.html", place="pengaturan", **_form_context(request, base, form)
    ):
        version = await adopt(
            db,
            viewer.as_officer(),
            bylaws,
            form.data.effective_on,
            form.data.note,
            form.data.based_on,
        )
    words = LocalizedText(
        f"Anggaran dasar versi {version} sudah ditetapkan.", f"Version {version} of the bylaws is adopted."
    )
    return see_other(f"{HOME}/{version}", flash=words.localize(visit_of(request).lang))


def _checked(request: AnyRequest, form: Form[Any], base: BylawsInForce, today: date) -> Bylaws:
    """The bylaws that the form says; raises the form again, each sentence beside its field, while they break
    a rule.
    """
    lang = visit_of(request).lang
    if not form.errors:
        data = form.data
        bylaws, rows = forms.bylaws_of(data, base.bylaws)
        for problem in _problems(data, bylaws, base, today):
            form.errors.setdefault(forms.field_of(problem.params.get("field"), rows), problem.message(lang))
        for row in rows:
            if getattr(data, f"percent_{row}") is None:
                form.errors[f"percent_{row}"] = FIELD_REQUIRED().message(lang)
        if not form.errors:
            return bylaws
    raise form.again("governance/change.html", place="pengaturan", **_form_context(request, base, form))


def _problems(data: Any, bylaws: Bylaws, base: BylawsInForce, today: date) -> list[DomainError]:
    problems = validate(bylaws)
    try:
        require_date(data.effective_on, base.effective_on, today)
    except DomainError as refusal:
        problems.append(refusal)
    if not problems and data.based_on != base.version:
        problems.append(errors.CHANGED_MEANWHILE(version=base.version, by=base.adopted_by))
    elif not problems and bylaws == base.bylaws:
        problems.append(errors.NOTHING_CHANGED())
    return problems


def _press(form: Form[Any], do: str) -> None:
    if do == "tambah":
        form.values["rows"] = str(min(forms.row_count(form.values) + 1, forms.MOST_LINES))
    elif do.startswith("hapus-") and forms.is_row(do[6:]):
        values = forms.without_row(form.values, int(do[6:]))
        form.values.clear()
        form.values.update(values)


def _show(request: AnyRequest, base: BylawsInForce, form: Form[Any]) -> Response[bytes]:
    return page(
        request,
        "governance/change.html",
        block="form",
        place="pengaturan",
        form=form,
        **_form_context(request, base, form),
    )


def _form_context(request: AnyRequest, base: BylawsInForce, form: Form[Any]) -> dict[str, Any]:
    lang = visit_of(request).lang
    choices = CHOICES | (
        {"loans": LOANS} if any(line.basis == "loans" for line in base.bylaws.allocation) else {}
    )
    return {
        "base": base,
        "rows": forms.row_count(form.values),
        "most_rows": forms.MOST_LINES,
        "choices": [(key, words.localize(lang)) for key, words in choices.items()],
        "total": total_percent(_typed_percents(form)),
        "basis_names": BASIS_NAMES,
    }


def _typed_percents(form: Form[Any]) -> list[Any]:
    percents = []
    for row in range(forms.row_count(form.values)):
        try:
            percents.append(parsing.parse_percent(form.values.get(f"percent_{row}", "")))
        except DomainError:
            continue
    return percents


routes: list[Any] = [read_bylaws, bylaws_home, old_bylaws, change_bylaws, press_in_form, adopt_bylaws]
