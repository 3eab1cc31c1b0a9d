"""Which handlers stay available while a cooperative is suspended or read-only.

An operator suspends a cooperative; it becomes read-only when its platform bill is long overdue. Suspended:
officers can sign in, read the books and end their plan; members can see their savings; everything else is
refused. Read-only (docs/adr/0022-billing.md): everything can be seen and exported, and running business can
be finished: an order is paid, handed over, cancelled or returned; payments and debts are settled; a member's
own savings are paid out; the plan is paid. Security also stays available: officers are dismissed, sign-in
codes issued, payment methods switched off, PINs changed. Nothing new can begin.

A handler declares it by its mark, ``opt=WHEN_SUSPENDED`` or ``opt=WHEN_READ_ONLY`` (ui/guards.py). This
module reads the marks before every handler of a cooperative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response

from kernel.errors import ErrorType
from tenants.revisions import MIN_SUPPORTED_REVISION
from ui.context import get_context
from ui.guards import SAFE_METHODS
from ui.rendering import render_page

if TYPE_CHECKING:
    from litestar.handlers import BaseRouteHandler

    from tenants.registry import TenantRef

SUSPENDED = ErrorType(
    "web.suspended",
    403,
    "{name} sedang ditangguhkan oleh pengelola Lumbung, jadi tidak ada yang bisa diubah. Buku dan "
    "simpanan tetap bisa dilihat.",
)
# Officers read why and what to do; members and visitors only what it means for them.
READ_ONLY = ErrorType(
    "web.read_only",
    403,
    "Tagihan Lumbung sudah lama lewat jatuh tempo, jadi belum ada yang baru bisa dicatat. Lunasi di "
    "halaman Paket; sesudah itu semua langsung"
    " bisa dipakai lagi.",
)
SHOP_CLOSED = ErrorType(
    "web.shop_rests",
    403,
    "{name} sedang tidak menerima yang baru. Simpanan dan pesanan Anda tetap bisa dilihat, dan pesanan "
    "yang sudah ada tetap dilayani.",
)


def find_closed_app(tenant: TenantRef) -> str | None:
    """Return the key of the application that replaces the cooperative's, or None if it is open."""
    if tenant.unapproved:
        return tenant.status
    return "upgrading" if tenant.revision < MIN_SUPPORTED_REVISION else None


def is_available_suspended(handler: BaseRouteHandler) -> bool:
    """Whether this handler stays available while its cooperative is suspended."""
    return bool(handler.opt.get("available_suspended"))


def is_available_read_only(method: str, handler: BaseRouteHandler) -> bool:
    """Whether this handler and method stay available while the cooperative is read-only."""
    return method in SAFE_METHODS or bool(handler.opt.get("available_read_only"))


def reject_if_read_only(request: Request[Any, Any, Any]) -> None:
    """Reject requests that would begin something new in a read-only cooperative.

    On available pages the brand states that the shop takes no orders.

    Raises DomainError: web.read_only to officers, web.shop_rests to everybody else.
    """
    ctx = get_context(request)
    if ctx.tenant is None or not ctx.tenant.read_only:
        return
    if is_available_read_only(request.method, request.route_handler):
        ctx.brand = msgspec.structs.replace(ctx.brand, shop_open=False)
        return
    if ctx.viewer is not None and ctx.viewer.is_officer:
        raise READ_ONLY()
    raise SHOP_CLOSED(name=ctx.brand.name)


def reject_if_suspended(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Return a 503 page when the cooperative is suspended and the handler is not available.

    Raises DomainError web.suspended for a state-changing request.
    """
    ctx = get_context(request)
    if ctx.tenant is None or not ctx.tenant.suspended or is_available_suspended(request.route_handler):
        return None
    if request.method not in SAFE_METHODS:
        raise SUSPENDED(name=ctx.brand.name)
    response = render_page(request, "errors/suspended.html", status=503)
    response.headers["Cache-Control"] = "no-store"
    return response
