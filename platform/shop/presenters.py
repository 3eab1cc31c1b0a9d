"""View data of products and orders for templates: product cards, status labels, addresses, signed keys."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote
from uuid import UUID

import msgspec

from governance.prices import get_member_price, get_public_price
from governance.rules import Bylaws
from kernel import clock
from kernel.money import Rupiah
from kernel.translations import get_translations
from shop import errors, rules
from ui import RequestContext, Viewer

if TYPE_CHECKING:
    from shop.storefront_queries import StorefrontProduct, StorefrontProductDetails

MAX_ORDER_NUMBER = 2**53


class ProductCard(msgspec.Struct, frozen=True):
    """A product as the theme's components expect it.

    `price` is this viewer's price in rupiah; `other_price` is the price of the other audience if it differs.
    """

    id: UUID
    href: str
    name: str
    unit: str
    category: str
    picture: str | None
    price: int
    other_price: int | None
    stock: int


class _OrderState(Protocol):
    """The part of an order from which its status label follows."""

    @property
    def status(self) -> str: ...
    @property
    def payment_method(self) -> str: ...


def get_audience(viewer: Viewer | None) -> rules.Audience:
    """Return whose prices this viewer pays."""
    return "member" if viewer is not None and viewer.is_member else "public"


def build_product_card(
    good: StorefrontProduct | StorefrontProductDetails,
    audience: rules.Audience,
    bylaws: Bylaws,
    width: int = 320,
) -> ProductCard:
    """Return the card of a product with the prices of this audience."""
    price = Rupiah(good.price)
    member, public = get_member_price(price, bylaws), get_public_price(price, bylaws)
    mine, other = (member, public) if audience == "member" else (public, member)
    return ProductCard(
        id=good.id,
        href=product_url(good.sku),
        name=good.name,
        unit=good.unit,
        category=good.category,
        picture=picture_url(good.picture, width),
        price=int(mine),
        other_price=int(other) if other != mine else None,
        stock=good.stock,
    )


def product_url(sku: str) -> str:
    """Return the address of a product's page."""
    return f"/barang/{quote(sku, safe='/')}"


def picture_url(checksum: str | None, width: int) -> str | None:
    """Return the address of a picture, or None; the content at an address never changes."""
    return f"/gambar/{checksum}-{width}.webp" if checksum else None


def order_status_label(order: _OrderState, ctx: RequestContext) -> tuple[str, str]:
    """Return an order's status label in the viewer's language, and the name of its colour."""
    say = get_translations(ctx.lang).gettext
    if rules.can_hand_over(order.status, order.payment_method):
        return say("Siap diserahkan"), "go"
    if order.status == "placed":
        return say("Menunggu pembayaran"), "wait"
    if order.status == "handed_over":
        return say("Selesai"), "done"
    if order.status == "returned":
        return say("Dikembalikan"), "off"
    return say("Dibatalkan"), "wrong"


def sign_order_key(ctx: RequestContext, order_id: UUID) -> str:
    """Return the key with which the visitor who placed an order opens its page.

    It is an HMAC of the order's id, so it is not stored and cannot be guessed.
    """
    return _sign(ctx, "order", str(order_id))[:32]


def new_checkout_key(ctx: RequestContext, token: str) -> str:
    """Return a signed key for one checkout of this viewer; `token` must be new for each page."""
    return f"{token}.{_sign(ctx, 'checkout', _viewer_key(ctx), token)[:32]}"


def require_own_checkout(ctx: RequestContext, key: str) -> None:
    """Raise DomainError shop.checkout_expired unless this key was issued to this viewer here."""
    if not hmac.compare_digest(key.encode(), new_checkout_key(ctx, key.partition(".")[0]).encode()):
        raise errors.CHECKOUT_EXPIRED()


def parse_page_number(typed: str) -> int:
    """Return the page number of a query string; anything invalid is page 1."""
    return (
        min(int(typed), 100_000)
        if typed.isascii() and typed.isdecimal() and len(typed) < 7 and int(typed)
        else 1
    )


def normalize_search(typed: str) -> str:
    """Return a search text without unprintable characters and with single spaces."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in typed).split())


def get_local_date(ctx: RequestContext) -> date:
    """Return today's date in the cooperative's time zone."""
    return clock.today(ctx.brand.timezone)


def _viewer_key(ctx: RequestContext) -> str:
    return str(ctx.viewer.user_id) if ctx.viewer else "visitor"


def _sign(ctx: RequestContext, *parts: str) -> str:
    """Return the HMAC of these parts and the cooperative's schema, as hex."""
    schema = ctx.tenant.schema_name if ctx.tenant else ""
    message = "\0".join((*parts, schema)).encode()
    return hmac.new(ctx.database.settings.secret_key.encode(), message, hashlib.sha256).hexdigest()
