"""Pages on which a visitor applies for membership."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from sqlalchemy.ext.asyncio import AsyncSession

from governance.queries import get_bylaws_on
from kernel import clock
from kernel.actor import VISITOR
from kernel.database import Reader
from kernel.ids import new_id
from kernel.translations import get_translations
from members import errors
from members.admit_member import PersonDetails, apply_for_membership
from members.forms import ApplicationForm
from members.login_throttle import count_application
from ui import (
    AnyRequest,
    Brand,
    CurrentBrand,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    Db,
    RequestContext,
    Ro,
    read_form,
    render_page,
    see_other,
)
from ui.guards import PUBLIC

# The consent text, stored with the application as proof (UU 27/2022 requires written, separate consent).
CONSENT = (
    "Saya setuju nama, jenis kelamin, nomor HP dan alamat saya disimpan oleh %(coop)s untuk mengurus "
    "keanggotaan saya: "
    "menjawab permohonan ini, mencatat saya di buku daftar anggota, dan menghubungi saya."
)


@get("/gabung", opt=PUBLIC)
async def show_application_form(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, ctx: CurrentContext
) -> Response[bytes]:
    """Show what membership costs and the application form."""
    context = await _context(ro, brand, ctx)
    return render_page(request, "members/application.html", form=None, key=new_id(), **context)


@post("/gabung", opt=PUBLIC)
async def submit_application(
    request: AnyRequest,
    db: Db,
    brand: CurrentBrand,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    database: CurrentDatabase,
) -> Response[Any]:
    """Record the application."""
    form = await read_form(request, ApplicationForm)
    if not form.errors:
        await count_application(database, tenant, ctx.client_ip)
    context = await _context(db, brand, ctx)
    async with form.rerender_on_error("members/application.html", key=new_id(), **context):
        sent = form.data
        if not sent.consent:
            raise errors.CONSENT_NEEDED(field="consent")
        await apply_for_membership(
            db,
            VISITOR,
            PersonDetails(sent.name, sent.sex, sent.phone, sent.address),
            key=f"application:{sent.key}",
            consent=str(context["consent"]),
        )
    return see_other("/gabung/terkirim")


@get("/gabung/terkirim", opt=PUBLIC)
async def show_application_sent(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, ctx: CurrentContext
) -> Response[bytes]:
    """Confirm that the application was received, and say what happens next."""
    return render_page(request, "members/application_sent.html", **await _context(ro, brand, ctx))


async def _context(source: AsyncSession | Reader, brand: Brand, ctx: RequestContext) -> dict[str, Any]:
    bylaws = (await get_bylaws_on(source, clock.today(brand.timezone))).bylaws
    consent = get_translations(ctx.lang).gettext(CONSENT) % {"coop": brand.name}
    return {
        "active_menu": "gabung",
        "deposits": bylaws.deposits,
        "answer_days": bylaws.membership.answer_days,
        "consent": consent,
    }


routes: list[Any] = [show_application_form, submit_application, show_application_sent]
