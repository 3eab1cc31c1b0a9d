"""The marks of handlers give the same availability as the lists of paths that they replaced.

The lists below are the reference. A change of a mark needs a change here, which shows what it opens.
"""

import re
import uuid
from typing import Any, Final

import pytest
from litestar import get
from litestar.exceptions import ImproperlyConfiguredException

from kernel.settings import Settings
from ui.guards import SAFE_METHODS
from web.apps import _build_app
from web.dispatch import HostDispatcher
from web.suspension import is_available_read_only, is_available_suspended

SAMPLES = {"int": "7", "uuid": str(uuid.UUID(int=7)), "str": "x", "path": "x/y"}

# Pages that stay open by name, and those that stay open with everything below them. Their own guards say who
# may see them.
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
# Stripe goes on charging a card during a suspension, so the card can be managed and the plan stopped.
OPEN_WRITES = frozenset(
    {"/masuk", "/keluar", "/pengurus/langganan/kartu/kelola", "/pengurus/langganan/berhenti"}
)

# What can be changed while read-only: signing in and one's own account; an order in progress (paid, handed
# over, cancelled, refunded); payments and debts that are settled; a member's own savings paid out; whatever
# pays the platform; and what protects a cooperative: an officer is dismissed, a code lets somebody in again,
# a payment method is disabled, a PIN is changed. No new payment method, no more credit (not for an order in
# progress either: payments/methods.py), no new money in a wallet.
READ_ONLY_WRITES: Final = re.compile(
    r"/masuk|/keluar|/aktivasi|/anggota/akun/.+|/anggota/kasbon/pin"
    r"|/pengurus/pengaturan/pengurus/[^/]+/pemberhentian|/pengurus/anggota/[^/]+/(?:kode|tarik(?:/periksa)?)|/pengurus/pembayaran/cara/[^/]+/pemadaman"
    r"|/pesanan/.+|/pengurus/pesanan/[0-9]+/(?:pembayaran|penyerahan|pembatalan|pengembalian)(?:/.*)?"
    r"|/bayar/.+|/anggota/kasbon/bayar|/pengurus/pembayaran(?!/cara/|/kasbon/[^/]+/(?:batas|dompet))(?:/.*)?"
    r"|/pengurus/langganan(?:/.*)?|/(?:webhooks|kait)/.+"
)


def suspended_by_path(method: str, path: str) -> bool:
    if method not in SAFE_METHODS:
        return path in OPEN_WRITES
    return path in OPEN_PAGES or any(
        path == prefix or path.startswith(f"{prefix}/") for prefix in OPEN_PREFIXES
    )


def read_only_by_path(method: str, path: str) -> bool:
    return method in SAFE_METHODS or READ_ONLY_WRITES.fullmatch(path) is not None


@pytest.fixture
def routes(app: HostDispatcher) -> list[tuple[str, str, Any]]:
    """Return method, sample path and handler of each route of the cooperative app, without OPTIONS."""
    found = []
    for route in app._apps["cooperative"].routes:
        path = re.sub(r"\{[^:}]+:(\w+)\}", lambda part: SAMPLES[part[1]], route.path)
        found += [
            (method, path, handler)
            for method, (handler, _) in route.route_handler_map.items()
            if method != "OPTIONS"
        ]
    assert len(found) > 200
    return found


def test_suspended_each_route_answers_as_its_path_did(routes: list[tuple[str, str, Any]]) -> None:
    assert [
        (method, path)
        for method, path, handler in routes
        if is_available_suspended(handler) != suspended_by_path(method, path)
    ] == []


def test_read_only_each_route_answers_as_its_path_did(routes: list[tuple[str, str, Any]]) -> None:
    assert [
        (method, path)
        for method, path, handler in routes
        if is_available_read_only(method, handler) != read_only_by_path(method, path)
    ] == []


def test_what_is_available_suspended_is_available_read_only(routes: list[tuple[str, str, Any]]) -> None:
    assert all(
        is_available_read_only(method, handler)
        for method, _, handler in routes
        if is_available_suspended(handler)
    )


def test_a_suspended_cooperative_answers_no_options(app: HostDispatcher) -> None:
    """The only difference: litestar makes these handlers itself, without a mark. No page of ours sends
    OPTIONS.
    """
    handlers = [
        route.route_handler_map["OPTIONS"][0]
        for route in app._apps["cooperative"].routes
        if "OPTIONS" in route.route_handler_map
    ]
    assert handlers
    assert not any(is_available_suspended(handler) for handler in handlers)


def test_an_application_with_a_handler_that_does_not_say_who_may_use_it_is_not_built(
    settings: Settings,
) -> None:
    @get("/rahasia")
    async def show_secret() -> str:
        return "secret"

    with pytest.raises(ImproperlyConfiguredException, match=r"show_secret.*opt=PUBLIC") as refused:
        _build_app(settings, show_secret)
    assert "(GET /rahasia)" in str(refused.value)
    assert "guards=[may(…)]" in str(refused.value)


def test_no_handler_is_public_and_guarded(app: HostDispatcher) -> None:
    handlers = [
        handler
        for kind in ("apex", "operator", "cooperative")
        for route in app._apps[kind].routes
        for handler, _ in route.route_handler_map.values()  # type: ignore[union-attr]
    ]
    assert any(handler.opt.get("public") for handler in handlers)
    assert not [handler for handler in handlers if handler.opt.get("public") and handler.resolve_guards()]
