"""What a suspended cooperative still does: its officers sign in and read the books, its members see their savings. Nothing else.

The one place of this rule: it runs before every handler of a cooperative, whatever room the page belongs to.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response

from kernel.errors import Kind
from ui.guards import SAFE_METHODS
from ui.rendering import page
from ui.viewer import visit_of

SUSPENDED = Kind(
    "web.suspended",
    403,
    id="{name} sedang ditangguhkan oleh pengelola Lumbung, jadi tidak ada yang bisa diubah. Buku dan simpanan tetap bisa dilihat.",
    en="{name} is suspended by those who run Lumbung, so nothing can be changed. Books and savings can still be read.",
)

# Pages that stay open by name, and those that stay open with everything below them. Who may see them, their own guards say.
OPEN_PAGES = frozenset({"/masuk", "/pengurus", "/anggota", "/anggaran-dasar"})
OPEN_BELOW = ("/pengurus/buku", "/anggota/simpanan", "/anggota/shu", "/bahasa", "/merek", "/gambar")
OPEN_WRITES = frozenset({"/masuk", "/keluar"})


def stays_open(method: str, path: str) -> bool:
    """Whether a suspended cooperative still answers this."""
    path = path.rstrip("/") or "/"
    if method not in SAFE_METHODS:
        return path in OPEN_WRITES
    return path in OPEN_PAGES or any(path == prefix or path.startswith(f"{prefix}/") for prefix in OPEN_BELOW)


def refuse_suspended(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Answer in the handler's place when the cooperative is suspended and this does not stay open.

    A page says that the shop is closed. A change is refused (web.suspended) with a sentence.
    """
    visit = visit_of(request)
    if visit.tenant is None or not visit.tenant.suspended or stays_open(request.method, request.scope["path"]):
        return None
    if request.method not in SAFE_METHODS:
        raise SUSPENDED(name=visit.brand.name)
    response = page(request, "errors/suspended.html", status=503)
    response.headers["Cache-Control"] = "no-store"
    return response
