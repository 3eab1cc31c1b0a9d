"""Public pages on the apex host: the landing page and sign-up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from governance.templates import TEMPLATE_NAMES, TEMPLATES
from kernel.database import Database
from kernel.errors import DomainError
from kernel.passwords import check_password
from members.login_throttle import count_from_network
from onboarding import errors
from onboarding.create_cooperative import NewCooperative, sign_up_cooperative
from onboarding.forms import SignUpForm
from onboarding.rules import check_slug
from tenants.changes import invalidate_local, registry_topic
from tenants.registry import find_tenant_by_slug
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    Form,
    RequestContext,
    read_form,
    render_page,
    see_other,
)
from ui.cookies import generate_token
from ui.guards import PUBLIC

SIGN_UP_TEMPLATE = "onboarding/signup.html"


@get("/", sync_to_thread=False, opt=PUBLIC)
def show_landing_page(request: AnyRequest) -> Response[bytes]:
    """Show the landing page, which explains Lumbung to village treasurers."""
    return render_page(request, "onboarding/welcome.html")


@get("/daftar", sync_to_thread=False, opt=PUBLIC)
def show_sign_up(request: AnyRequest, ctx: CurrentContext) -> Response[bytes]:
    """Show the sign-up form."""
    return render_page(
        request,
        SIGN_UP_TEMPLATE,
        form=None,
        founding_key=generate_token(),
        address=None,
        **_template_choices(ctx),
    )


@get("/daftar/alamat", opt=PUBLIC)
async def show_address_check(
    request: AnyRequest, database: CurrentDatabase, ctx: CurrentContext, slug: FromQuery[str] = ""
) -> Response[bytes]:
    """Return whether a subdomain is free, for htmx while it is being typed."""
    return render_page(
        request,
        "onboarding/address.html",
        block="answer",
        address=await _address_context(database, ctx, slug),
        base_domain=ctx.database.settings.base_domain,
    )


@post("/daftar", opt=PUBLIC)
async def submit_sign_up(
    request: AnyRequest, database: CurrentDatabase, ctx: CurrentContext
) -> Response[Any]:
    """Create the cooperative and redirect its founder to it, signed in."""
    form = await read_form(request, SignUpForm)
    context = {"founding_key": form.values.get("founding_key") or generate_token(), **_template_choices(ctx)}
    context["address"] = address = await _address_context(database, ctx, form.values.get("slug", ""))
    _add_rule_errors(form, ctx, address)
    async with form.rerender_on_error(SIGN_UP_TEMPLATE, **context):
        await count_from_network(
            database,
            None,
            "founding",
            ctx.client_ip,
            limit=database.settings.foundings_per_hour,
            window=timedelta(hours=1),
            wider=(1, 1, 1),  # a whole /48 network may found no more than one household
        )
        created = await sign_up_cooperative(
            database,
            NewCooperative(
                name=" ".join(form.data.name.split()),
                slug=form.data.slug,
                officer_name=" ".join(form.data.officer_name.split()),
                phone=form.data.phone,
                password=form.data.password,
                bylaws_template=form.data.bylaws,
                key=form.data.founding_key,
            ),
        )
    invalidate_local(database, registry_topic(created.tenant.schema_name))
    home = f"{database.settings.scheme}://{created.tenant.slug}.{database.settings.base_domain}"
    # without a token the cooperative's own page says that its name waits for approval
    return see_other(f"{home}/masuk/serah?kunci={created.handover}" if created.handover else f"{home}/")


def _add_rule_errors(form: Form[SignUpForm], ctx: RequestContext, address: dict[str, object] | None) -> None:
    """Add the errors of address and password to the form, so that all errors are shown at once."""
    typed = form.values
    for field, check in (
        ("slug", lambda: check_slug(typed.get("slug", ""))),
        ("password", lambda: check_password(typed.get("password", ""), phone_number=typed.get("phone"))),
    ):
        if field not in form.errors:
            try:
                check()
            except DomainError as error:
                form.errors[field] = error.localize(ctx.lang)
    # a taken address alone is no error here: the same form, sent again, took it itself
    if form.errors and address and not address["free"]:
        form.errors.setdefault("slug", str(address["sentence"]))
    for field in SignUpForm.__struct_fields__:  # in the order of the page
        if field in form.errors:
            form.errors[field] = form.errors.pop(field)


async def _address_context(database: Database, ctx: RequestContext, typed: str) -> dict[str, object] | None:
    """Return whether the typed subdomain is free, and the sentence if not; None while nothing is typed."""
    if not typed.strip():
        return None
    try:
        slug = check_slug(typed)
        if await find_tenant_by_slug(database, slug) is not None:
            raise errors.SLUG_TAKEN(slug=slug, field="slug")
    except DomainError as error:
        return {"free": False, "slug": typed.strip()[:40], "sentence": error.localize(ctx.lang)}
    return {"free": True, "slug": slug, "sentence": ""}


def _template_choices(ctx: RequestContext) -> dict[str, Any]:
    charters = [
        {
            "code": code,
            "name": TEMPLATE_NAMES[code].localize(ctx.lang),
            "lines": [
                (line.label.localize(ctx.lang), line.percent, line.kind == "members")
                for line in bylaws.allocation
            ],
            "principal": bylaws.deposits.principal,
            "mandatory": bylaws.deposits.mandatory,
            "discount": bylaws.prices.member_discount_percent,
        }
        for code, bylaws in TEMPLATES.items()
    ]
    return {"charters": charters, "base_domain": ctx.database.settings.base_domain}


apex_routes: list[Any] = [show_landing_page, show_sign_up, show_address_check, submit_sign_up]
