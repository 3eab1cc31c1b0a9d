"""Build the request context in the dispatcher: host, client address, language, brand and viewer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cooperative.brand import read_brand
from kernel import clock
from kernel.translations import choose_language
from members.queries import find_viewer
from tenants.session import coop_reader
from ui.cookies import LANGUAGE_COOKIE, hash_token
from ui.rendering import FLASH_COOKIE, decode_flash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kernel.settings import Settings
    from tenants.registry import TenantRef
    from ui.context import Brand, RequestContext
    from web.page_cache import PageCache

# The database notifies at once when a session ends; this limits the effect of a lost notification.
VIEWER_TTL = timedelta(seconds=60)


def parse_label(name: str, base_domain: str) -> str | None:
    """Return a subdomain's label or a custom domain's whole name; None for an impossible host."""
    label = name.removesuffix(f".{base_domain}")
    possible = "." not in label if label != name else "." in name
    return label if label and possible and len(label) <= 253 else None


def find_client_ip(scope: Any, trusted_proxies: tuple[str, ...]) -> str:
    """Return the client's IP address; behind a trusted proxy, the last of X-Forwarded-For."""
    client = scope.get("client")
    address: str = client[0] if client else ""
    if address in trusted_proxies:
        # the trusted proxy appends the address it saw: only the last entry is its own, the client may have
        # forged the others
        forwarded = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
        address = forwarded.rpartition(",")[2].strip() or address
    return address


def build_context(ctx: RequestContext, scope: Any, cookies: Mapping[str, str], settings: Settings) -> None:
    """Set the language, the flash message, the client's IP address and whether the site uses https."""
    ctx.lang = choose_language(cookies.get(LANGUAGE_COOKIE))
    ctx.flash = decode_flash(cookies.get(FLASH_COOKIE))
    ctx.is_secure = settings.scheme == "https"
    ctx.client_ip = find_client_ip(scope, settings.trusted_proxies)


async def load_viewer(
    ctx: RequestContext, page_cache: PageCache, tenant: TenantRef, token: str | None
) -> None:
    """Load the brand and the viewer into the context, from the cache or the database.

    Both are cached until the cooperative changes something; a viewer for at most ``VIEWER_TTL``.
    """
    schema, now = tenant.schema_name, clock.now()
    brand: Brand | None = page_cache.get(schema, ("brand",))
    session = hash_token(token) if token else None
    viewer, until = page_cache.get(schema, ("viewer", session)) or (None, now)
    unknown = session is not None and (viewer is None or until <= now)
    if brand is None or unknown:
        generation = page_cache.generation(schema)
        async with coop_reader(ctx.database, tenant) as ro:
            if brand is None:
                brand = await read_brand(ro)
                page_cache.set(schema, ("brand",), brand, 1_000, generation)
            if unknown and session is not None:
                viewer = await find_viewer(ro, session, now)
                if viewer is not None:
                    page_cache.set(schema, ("viewer", session), (viewer, now + VIEWER_TTL), 500, generation)
    ctx.brand, ctx.viewer = brand, viewer
