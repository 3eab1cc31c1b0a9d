"""The main menu of each kind of viewer: at the bottom of a phone, at the side of a wide screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kernel.translations import get_translations

if TYPE_CHECKING:
    from ui.context import RequestContext

MenuItem = tuple[str, str, str, str]

# key, address, icon, label; the labels are translated like any sentence of a template.
_MENUS: dict[str, tuple[MenuItem, ...]] = {
    "visitor": (
        ("belanja", "/", "shop", "Belanja"),
        ("keranjang", "/keranjang", "cart", "Keranjang"),
        ("gabung", "/gabung", "members", "Gabung"),
        ("akun", "/masuk", "person", "Masuk"),
    ),
    "member": (
        ("belanja", "/", "shop", "Belanja"),
        ("keranjang", "/keranjang", "cart", "Keranjang"),
        ("simpanan", "/anggota/simpanan", "savings", "Simpanan"),
        ("shu", "/anggota/shu", "share", "SHU"),
        ("akun", "/anggota", "person", "Akun"),
    ),
    "officer": (
        ("hari-ini", "/pengurus", "today", "Hari ini"),
        ("penjualan", "/pengurus/pesanan", "orders", "Penjualan"),
        ("barang", "/pengurus/barang", "goods", "Barang"),
        ("anggota", "/pengurus/anggota", "members", "Anggota"),
        ("buku", "/pengurus/buku", "books", "Buku"),
        ("shu", "/pengurus/shu", "share", "SHU"),
        ("pengaturan", "/pengurus/pengaturan", "settings", "Pengaturan"),
    ),
    "operator": (
        ("koperasi", "/", "shop", "Koperasi"),
        ("langganan", "/langganan", "cash", "Langganan"),
        ("pekerjaan", "/pekerjaan", "settings", "Pekerjaan"),
        ("jejak", "/jejak", "books", "Riwayat kegiatan"),
    ),
    "apex": (),
}
# The permission that the first page of an officers' entry asks for.
_PERMISSIONS: Final = {
    "/pengurus": "office.view",
    "/pengurus/pesanan": "orders.view",
    "/pengurus/barang": "goods.view",
    "/pengurus/anggota": "members.view",
    "/pengurus/buku": "ledger.view",
    "/pengurus/shu": "shu.view",
    "/pengurus/pengaturan": "settings.view",
}
_MEMBERS_ONLY_PATHS: Final = frozenset({"/anggota/simpanan", "/anggota/shu"})


def build_menu(nav: str, ctx: RequestContext) -> list[MenuItem]:
    """Return the menu entries for this viewer, with labels in their language."""
    if nav == "operator" and ctx.operator is None:
        return []
    say = get_translations(ctx.lang).gettext
    # an officer need not be a member: omit the pages that would refuse them
    closed = _MEMBERS_ONLY_PATHS if ctx.viewer is not None and ctx.viewer.member_id is None else frozenset()
    if nav == "officer" and ctx.viewer is not None:
        viewer = ctx.viewer
        closed = frozenset(href for href, code in _PERMISSIONS.items() if not viewer.may(code))
    return [
        (key, href, icon, say(label)) for key, href, icon, label in _MENUS.get(nav, ()) if href not in closed
    ]
