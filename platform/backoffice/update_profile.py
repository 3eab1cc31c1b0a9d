"""How the cooperative shows itself: its name and where it is found, its theme and colours, its logo, whether
the shop is open.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from backoffice import errors, queries
from kernel import audit
from shop import pictures
from shop.manage_products import store_pictures
from tenants.changes import rename_cooperative
from tenants.founding_queries import list_cooperative_names
from tenants.name_similarity import find_similar_name, normalize_name
from tenants.session import shared_reader
from ui.colours import check_accent, check_colour
from ui.themes import load_themes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Database
    from tenants.registry import TenantRef

AUDIT_SUBJECT = "profile"


class ProfileDetails(msgspec.Struct, frozen=True):
    """What a cooperative says of itself. ``timezone`` is an IANA name."""

    name: str
    tagline: str
    address: str
    phone: str
    bank_account: str
    timezone: str


class Appearance(msgspec.Struct, frozen=True):
    """A theme, and a cooperative's own colours or None for those of the theme."""

    theme: str
    accent: str | None
    header: str | None


async def find_similar_cooperative(database: Database, tenant: TenantRef, name: str) -> str | None:
    """Return the name of another cooperative that a new name looks like, or None; who keeps what it is known
    by is asked nothing.

    Ask before a transaction has begun: the names are read over a connection of their own.
    """
    if normalize_name(name) == normalize_name(tenant.name):
        return None
    async with shared_reader(database) as ro:
        others = [each for each in await list_cooperative_names(ro) if each.slug != tenant.slug]
    # thousands of names take a moment, which others should not wait for
    return await asyncio.to_thread(find_similar_name, name, name, others)


async def update_details(db: AsyncSession, actor: Actor, details: ProfileDetails) -> None:
    """Say it anew: shop, receipts and pages show it from the next moment on."""
    await _update_profile(db, actor, "office.profile_changed", msgspec.structs.asdict(details))
    await rename_cooperative(db, details.name)


async def update_appearance(db: AsyncSession, actor: Actor, appearance: Appearance) -> None:
    """Wear another theme or other colours.

    Raises DomainError: office.no_such_theme, ui.not_a_colour, ui.colour_too_pale.
    """
    if appearance.theme not in load_themes():
        raise errors.NO_SUCH_THEME(field="theme")
    accent = check_accent(appearance.accent) if appearance.accent else None
    header = check_colour(appearance.header) if appearance.header else None
    await _update_profile(
        db, actor, "office.look_changed", {"theme": appearance.theme, "accent": accent, "header": header}
    )


async def set_logo(db: AsyncSession, actor: Actor, upload: bytes) -> None:
    """Make the logo from an upload. Raises DomainError: shop.not_a_picture, .picture_too_large."""
    checksum, made = await asyncio.to_thread(pictures.render_sizes, upload)
    await store_pictures(db, checksum, made)
    await _update_profile(db, actor, "office.logo_changed", {"logo": checksum})


async def remove_logo(db: AsyncSession, actor: Actor) -> None:
    """Go back to Lumbung's mark."""
    await _update_profile(db, actor, "office.logo_changed", {"logo": None})


async def open_shop(db: AsyncSession, actor: Actor) -> None:
    """Take orders again."""
    await _update_profile(db, actor, "office.shop_opened", {"shop_open": True})


async def close_shop(db: AsyncSession, actor: Actor) -> None:
    """Take no more orders; those that were placed go on."""
    await _update_profile(db, actor, "office.shop_closed", {"shop_open": False})


async def confirm_bylaws(db: AsyncSession, actor: Actor) -> None:
    """Take down that somebody has compared the bylaws with the cooperative's own and found them right."""
    audit.record(db, actor, queries.BYLAWS_CHECKED, subject="bylaws")


async def _update_profile(db: AsyncSession, actor: Actor, action: str, values: dict[str, object]) -> None:
    profile = await queries.lock_profile(db)
    changed = {name: value for name, value in values.items() if getattr(profile, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(profile, name, value)
    audit.record(db, actor, action, subject=AUDIT_SUBJECT, params=changed)
