"""What Lumbung is, and founding a cooperative."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from governance.templates import TEMPLATE_NAMES, TEMPLATES
from kernel.database import Database
from kernel.errors import DomainError
from kernel.passwords import check_password
from members.throttling import count_from_network
from onboarding import errors
from onboarding.forms import FoundingForm
from onboarding.founding import Founding, found_by_stranger
from onboarding.rules import check_slug
from tenants.changes import REGISTRY, forget_here
from tenants.registry import tenant_by_slug
from ui import AnyRequest, Form, TheDatabase, TheVisit, Visit, page, read_form, see_other
from ui.cookies import new_token

FORM = "onboarding/found.html"


@get("/", sync_to_thread=False)
def what_lumbung_is(request: AnyRequest) -> Response[bytes]:
    """Say what Lumbung is, to village treasurers."""
    return page(request, "onboarding/welcome.html")


@get("/daftar", sync_to_thread=False)
def founding_page(request: AnyRequest, visit: TheVisit) -> Response[bytes]:
    """Ask what a founder has to say."""
    return page(request, FORM, form=None, founding_key=new_token(), address=None, **_choices(visit))


@get("/daftar/alamat")
async def check_address(
    request: AnyRequest, database: TheDatabase, visit: TheVisit, slug: FromQuery[str] = ""
) -> Response[bytes]:
    """Say whether an address is free, while it is being typed."""
    return page(
        request,
        "onboarding/address.html",
        block="answer",
        address=await _address(database, visit, slug),
        base_domain=visit.database.settings.base_domain,
    )


@post("/daftar")
async def take_founding(request: AnyRequest, database: TheDatabase, visit: TheVisit) -> Response[Any]:
    """Found the cooperative and lead its founder in."""
    form = await read_form(request, FoundingForm)
    context = {"founding_key": form.values.get("founding_key") or new_token(), **_choices(visit)}
    context["address"] = address = await _address(database, visit, form.values.get("slug", ""))
    _weigh_each(form, visit, address)
    async with form.or_again(FORM, **context):
        await count_from_network(
            database,
            None,
            "founding",
            visit.client_ip,
            most=database.settings.foundings_per_hour,
            window=timedelta(hours=1),
            wider=(1, 1, 1),  # whoever owns a /48 founds no more than a household
        )
        founded = await found_by_stranger(
            database,
            Founding(
                name=" ".join(form.data.name.split()),
                slug=form.data.slug,
                officer_name=" ".join(form.data.officer_name.split()),
                phone=form.data.phone,
                password=form.data.password,
                bylaws_template=form.data.bylaws,
                key=form.data.founding_key,
            ),
        )
    forget_here(database, REGISTRY)
    home = f"{database.settings.scheme}://{founded.tenant.slug}.{database.settings.base_domain}"
    # a name that waits for release says so on its own page
    return see_other(f"{home}/masuk/serah?kunci={founded.handover}" if founded.handover else f"{home}/")


def _weigh_each(form: Form[FoundingForm], visit: Visit, address: dict[str, object] | None) -> None:
    """Say everything that is wrong at once: also what only these two rules know, whatever else is wrong."""
    typed = form.values
    for field, check in (
        ("slug", lambda: check_slug(typed.get("slug", ""))),
        ("password", lambda: check_password(typed.get("password", ""), phone_number=typed.get("phone"))),
    ):
        if field not in form.errors:
            try:
                check()
            except DomainError as refusal:
                form.errors[field] = refusal.message(visit.lang)
    # a taken address alone is no mistake: the same form, sent again, has taken it itself
    if form.errors and address and not address["free"]:
        form.errors.setdefault("slug", str(address["sentence"]))
    for field in FoundingForm.__struct_fields__:  # told in the order of the page
        if field in form.errors:
            form.errors[field] = form.errors.pop(field)


async def _address(database: Database, visit: Visit, typed: str) -> dict[str, object] | None:
    """What to say beside the address: None while nothing is typed, else whether it is free and the sentence
    if not.
    """
    if not typed.strip():
        return None
    try:
        slug = check_slug(typed)
        if await tenant_by_slug(database, slug) is not None:
            raise errors.SLUG_TAKEN(slug=slug, field="slug")
    except DomainError as refusal:
        return {"free": False, "slug": typed.strip()[:40], "sentence": refusal.message(visit.lang)}
    return {"free": True, "slug": slug, "sentence": ""}


def _choices(visit: Visit) -> dict[str, Any]:
    charters = [
        {
            "code": code,
            "name": TEMPLATE_NAMES[code].localize(visit.lang),
            "lines": [
                (line.label.localize(visit.lang), line.percent, line.kind == "members")
                for line in bylaws.allocation
            ],
            "principal": bylaws.deposits.principal,
            "mandatory": bylaws.deposits.mandatory,
            "discount": bylaws.prices.member_discount_percent,
        }
        for code, bylaws in TEMPLATES.items()
    ]
    return {"charters": charters, "base_domain": visit.database.settings.base_domain}


routes: list[Any] = [what_lumbung_is, founding_page, check_address, take_founding]
