"""What a cooperative still does that an operator has suspended, or that has not paid the platform for long.

Suspended: its officers sign in, read the books and end what they pay for Lumbung, its members see their
savings. Nothing else. Read-only (docs/adr/0022-billing.md): everything can be seen and exported, orders under
way are finished, members get out what is theirs, officers are dismissed, the plan can be paid; nothing new is
begun.

The one place of these rules: they run before every handler of a cooperative, whatever room the page belongs
to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Request, Response

from kernel.errors import ErrorType
from tenants.revisions import MIN_SUPPORTED_REVISION
from ui.context import get_context
from ui.guards import SAFE_METHODS
from ui.rendering import render_page

if TYPE_CHECKING:
    from tenants.registry import TenantRef

SUSPENDED = ErrorType(
    "web.suspended",
    403,
    id="{name} sedang ditangguhkan oleh pengelola Lumbung, jadi tidak ada yang bisa diubah. Buku dan "
    "simpanan tetap bisa dilihat.",
    en="{name} is suspended by those who run Lumbung, so nothing can be changed. Books and savings can "
    "still be read.",
)
# Officers read why and what to do; members and visitors only what it means for them.
READ_ONLY = ErrorType(
    "web.read_only",
    403,
    id="Tagihan Lumbung sudah lama lewat jatuh tempo, jadi belum ada yang baru bisa dicatat. Lunasi di "
    "halaman Paket; sesudah itu semua langsung"
    " bisa dipakai lagi.",
    en="An invoice of Lumbung is long overdue, so nothing new can be recorded. Pay it on the page Plan; "
    "everything works again at once.",
)
SHOP_RESTS = ErrorType(
    "web.shop_rests",
    403,
    id="{name} sedang tidak menerima yang baru. Simpanan dan pesanan Anda tetap bisa dilihat, dan pesanan "
    "yang sudah ada tetap dilayani.",
    en="{name} takes nothing new at the moment. Your savings and orders can still be seen, and orders "
    "under way are still served.",
)

# Pages that stay open by name, and those that stay open with everything below them. Who may see them, their
# own guards say.
OPEN_PAGES = frozenset({"/masuk", "/pengurus", "/anggota", "/anggaran-dasar"})
OPEN_PREFIXES = (
    "/pengurus/buku",
    "/pengurus/langganan",
    "/anggota/simpanan",
    "/anggota/shu",
    "/bahasa",
    "/merek",
    "/gambar",
)
# A card goes on being charged at Stripe, which knows nothing of a suspension: it can be managed there, and
# the plan be stopped.
OPEN_WRITES = frozenset(
    {"/masuk", "/keluar", "/pengurus/langganan/kartu/kelola", "/pengurus/langganan/berhenti"}
)

# What can still be changed while read-only: signing in and one's own account, an order that is under way
# (paid, handed over, called off, given back), payments and debts that are settled, a member's own savings
# paid out, and all that pays the platform. And what keeps a cooperative safe: an officer is dismissed, a code
# lets somebody in again, a way of paying is switched off, a PIN is changed. No new way of paying, no more
# credit (nor is an order under way put on it: payments/methods.py), no new money in a wallet.
READ_ONLY_WRITES: Final = re.compile(
    r"/masuk|/keluar|/aktivasi|/anggota/akun/.+|/anggota/kasbon/pin"
    r"|/pengurus/pengaturan/pengurus/[^/]+/pemberhentian|/pengurus/anggota/[^/]+/(?:kode|tarik(?:/periksa)?)|/pengurus/pembayaran/cara/[^/]+/pemadaman"
    r"|/pesanan/.+|/pengurus/pesanan/[0-9]+/(?:pembayaran|penyerahan|pembatalan|pengembalian)(?:/.*)?"
    r"|/bayar/.+|/anggota/kasbon/bayar|/pengurus/pembayaran(?!/cara/|/kasbon/[^/]+/(?:batas|dompet))(?:/.*)?"
    r"|/pengurus/langganan(?:/.*)?|/(?:webhooks|kait)/.+"
)


def find_closed_app(tenant: TenantRef) -> str | None:
    """Return the application that answers everything in a cooperative's place, or None when its own does."""
    if tenant.unapproved:
        return tenant.status
    return "upgrading" if tenant.revision < MIN_SUPPORTED_REVISION else None


def is_open_while_suspended(method: str, path: str) -> bool:
    """Whether a suspended cooperative still answers this."""
    path = path.rstrip("/") or "/"
    if method not in SAFE_METHODS:
        return path in OPEN_WRITES
    return path in OPEN_PAGES or any(
        path == prefix or path.startswith(f"{prefix}/") for prefix in OPEN_PREFIXES
    )


def is_allowed_while_read_only(method: str, path: str) -> bool:
    """Whether a read-only cooperative still answers this."""
    return method in SAFE_METHODS or READ_ONLY_WRITES.fullmatch(path.rstrip("/")) is not None


def reject_if_read_only(request: Request[Any, Any, Any]) -> None:
    """Refuse what would begin something new in a read-only cooperative, and let its shop window say that it
    takes no orders.

    Raises DomainError: web.read_only to officers, web.shop_rests to everybody else.
    """
    ctx = get_context(request)
    if ctx.tenant is None or not ctx.tenant.read_only:
        return
    if is_allowed_while_read_only(request.method, request.scope["path"]):
        ctx.brand = msgspec.structs.replace(ctx.brand, shop_open=False)
        return
    if ctx.viewer is not None and ctx.viewer.is_officer:
        raise READ_ONLY()
    raise SHOP_RESTS(name=ctx.brand.name)


def reject_if_suspended(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Answer in the handler's place when the cooperative is suspended and this does not stay open.

    A page says that the shop is closed. A change is refused (web.suspended) with a sentence.
    """
    ctx = get_context(request)
    if (
        ctx.tenant is None
        or not ctx.tenant.suspended
        or is_open_while_suspended(request.method, request.scope["path"])
    ):
        return None
    if request.method not in SAFE_METHODS:
        raise SUSPENDED(name=ctx.brand.name)
    response = render_page(request, "errors/suspended.html", status=503)
    response.headers["Cache-Control"] = "no-store"
    return response
