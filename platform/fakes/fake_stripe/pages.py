"""HTML pages for people: the checkout, and the onboarding of a connected account.

Every page states that no money moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from fakes.fake_stripe.accounts import finish_onboarding
from fakes.fake_stripe.errors import StripeApiError
from fakes.fake_stripe.session_payment import (
    SessionNotOpen,
    finish_async_payment,
    pay,
    redeem,
    session_named,
    success_url,
)
from fakes.fake_stripe.store import Resource
from fakes.fake_stripe.world import World

BANNER = "TIRUAN — TIDAK ADA UANG YANG BERPINDAH"
STYLE = """body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;color:#222;background:#f6f6f4}
main{max-width:32rem;margin:0 auto;padding:1rem}
.mark{background:#b00020;color:#fff;text-align:center;padding:.75rem;font-weight:700}
button,a.button{display:block;width:100%;box-sizing:border-box;
min-height:48px;margin:.5rem 0;padding:.75rem;font:inherit;text-align:center;border:2px solid #335;
border-radius:.5rem;background:#fff;color:#223;
text-decoration:none;cursor:pointer}button.first{background:#335;color:#fff}li{margin:.25rem 0}
.message{border-left:4px solid #b00020;padding:.5rem}"""


@dataclass
class HostedPage:
    """The result of a page handler: a page, or a redirect."""

    body: str = ""
    status: int = 200
    redirect_to: str | None = None
    kind: str = "text/html; charset=utf-8"
    raw: bytes | None = field(default=None, repr=False)


Form = dict[str, str]
# the form is None for a GET request
PageHandler = Callable[[World, tuple[str, ...], Form | None], HostedPage]
PAGES: list[tuple[str, PageHandler]] = []


def page_at(path: str) -> Callable[[PageHandler], PageHandler]:
    def register(handler: PageHandler) -> PageHandler:
        PAGES.append((path.replace("{}", "([^/]+)"), handler))
        return handler

    return register


def document(title: str, body: str, status: int = 200) -> HostedPage:
    return HostedPage(
        f'<!doctype html><html lang="id"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width">'
        f"<title>{escape(title)} — tiruan</title><style>{STYLE}</style></head><body><p "
        f"class=mark>{BANNER}<br><small>FAKE, no money moves"
        f"</small></p><main><h1>{escape(title)}</h1>{body}</main></body></html>",
        status,
    )


def rupiah(amount: int | None, currency: str | None = "idr") -> str:
    """Format an amount in hundredths: Rp25.000, with decimals only if they are not zero."""
    whole, rest = divmod(abs(amount or 0), 100)
    figure = f"{whole:,}".replace(",", ".") + (f",{rest:02d}" if rest else "")
    minus = "-" if (amount or 0) < 0 else ""
    return f"{minus}Rp{figure}" if currency == "idr" else f"{minus}{(currency or '').upper()} {figure}"


def choice(value: str, words: str, *, first: bool = False, name: str = "cara") -> str:
    return (
        f'<button name="{name}" '
        f'value="{escape(value)}"{" class=first" if first else ""}>{escape(words)}</button>'
    )


METHOD_LABELS = {
    "qris": "Bayar dengan QRIS",
    "gopay": "Bayar dengan GoPay",
    "shopeepay": "Bayar dengan ShopeePay",
}


@page_at("/c/pay/{}")
def checkout(world: World, names: tuple[str, ...], form: Form | None) -> HostedPage:
    try:
        _, session = session_named(world, names[0])
    except SessionNotOpen:
        return document("Tidak ditemukan", "<p>Alamat pembayaran ini tidak ada.</p>", 404)
    message = ""
    if form is not None:
        how = form.get("cara", "")
        try:
            if how in {"masuk", "gagal"}:
                finish_async_payment(world, session["id"], paid=how == "masuk")
                return HostedPage(status=303, redirect_to=f"/c/pay/{session['id']}")
            if how == "promo":
                redeem(world, session["id"], form.get("kode", ""))
                return HostedPage(status=303, redirect_to=f"/c/pay/{session['id']}")
            reason = pay(world, session["id"], how, form.get("email") or None)
            if reason is None and how != "expire":
                return HostedPage(status=303, redirect_to=success_url(session))
            message = "<p class=message>Kartu ditolak. Coba cara lain.</p>" if reason else ""
        except (SessionNotOpen, StripeApiError) as refused:
            message = f"<p class=message>{escape(str(refused))}</p>"
    return _checkout_page(world, session, message)


def _checkout_page(world: World, session: Resource, message: str) -> HostedPage:
    if session["status"] != "open":
        return _closed(world, session, message)
    lines = "".join(
        f"<li>{line['quantity']} × {escape(line['description'])}: "
        f"{rupiah(line['amount_total'], line['currency'])}</li>"
        for line in session["_lines"]
    )
    total = rupiah(session["amount_total"], session["currency"]) if session["mode"] != "setup" else ""
    methods = session["payment_method_types"]
    buttons = ""
    if "card" in methods:
        keeps = session["mode"] == "setup" or (
            session["mode"] == "subscription" and not session["amount_total"]
        )
        buttons += choice("card", "Simpan kartu" if keeps else f"Bayar {total} dengan kartu", first=True)
    buttons += "".join(choice(method, METHOD_LABELS[method]) for method in methods if method in METHOD_LABELS)
    if "id_bank_transfer" in methods and session["mode"] == "payment":
        buttons += choice("async", "Bayar dengan transfer bank (uang masuk belakangan)")
    if "card" in methods:
        buttons += choice("decline", "Coba kartu yang ditolak") + choice(
            "insufficient_funds", "Coba kartu yang saldonya kurang"
        )
        if session["mode"] == "subscription":
            buttons += choice("fails_later", "Bayar dengan kartu yang kelak ditolak")
    if session["allow_promotion_codes"] and not session["_coupons"]:
        buttons += "<label>Kode promo <input name=kode></label>" + choice("promo", "Pakai kode promo")
    buttons += choice("expire", "Biarkan waktunya habis")
    leave = (
        f'<a class=button href="{escape(session["cancel_url"])}">Tinggalkan, kembali ke {_home(session)}</a>'
        if session["cancel_url"]
        else ""
    )
    email = escape(session["customer_email"] or "")
    return document(
        f"Bayar {total}" if total else "Simpan cara bayar",
        f"{message}<ul>{lines}</ul><form method=post><label>Surel <input type=email name=email "
        f"value='{email}'></label>{buttons}</form>{leave}",
    )


def _home(session: Resource) -> str:
    return "toko" if session["mode"] == "payment" else "koperasi"


def _closed(world: World, session: Resource, message: str) -> HostedPage:
    words = {"expired": "Waktu pembayaran habis.", "complete": "Pembayaran ini sudah selesai."}[
        session["status"]
    ]
    buttons = ""
    if session["status"] == "complete" and session["payment_status"] == "unpaid":
        words = "Menunggu uang dari bank."
        buttons = (
            "<form method=post>"
            + choice("masuk", "Uang sudah masuk", first=True)
            + choice("gagal", "Uang tidak pernah masuk")
            + "</form>"
        )
    back = session["success_url"] if session["status"] == "complete" else session["cancel_url"]
    if back:
        where = back.replace("{CHECKOUT_SESSION_ID}", quote(session["id"]))
        buttons += f'<a class=button href="{escape(where)}">Kembali ke {_home(session)}</a>'
    return document(words, message + buttons)


@page_at("/setup/{}/{}")
def onboarding(world: World, names: tuple[str, ...], form: Form | None) -> HostedPage:
    owner = world.accounts.get(names[0], {}).get("_owner")
    link = world.store(owner).resources.get(f"link_{names[1]}") if owner else None
    if link is None or link["_account"] != names[0] or link["created"] + 300 < world.time.now():
        return document("Tautan tidak berlaku", "<p>Tautan ini sudah lewat. Minta yang baru.</p>", 404)
    if form is None:
        return document(
            "Daftarkan koperasi",
            "<form method=post>" + choice("selesai", "Isi semua data dan selesai", first=True) + "</form>",
        )
    finish_onboarding(world, names[0])
    return (
        HostedPage(status=303, redirect_to=link["_back"])
        if link["_back"]
        else document("Selesai", "<p>Akun siap menerima pembayaran.</p>")
    )


@page_at("/receipts/{}")
def receipt(world: World, names: tuple[str, ...], form: Form | None) -> HostedPage:
    for shelf in world.stores.values():
        if (charge := shelf.find("charge", names[0])) is not None:
            return document(
                "Tanda terima",
                f"<p>{rupiah(charge['amount'], charge['currency'])}, status {escape(charge['status'])}.</p>",
            )
    return document("Tidak ditemukan", "", 404)
