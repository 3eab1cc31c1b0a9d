"""Change the cooperative's profile: details, theme and colours, logo, and whether the shop is open."""

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
    """The details of a cooperative's profile. ``timezone`` is an IANA name."""

    name: str
    tagline: str
    address: str
    phone: str
    bank_account: str
    timezone: str


class Appearance(msgspec.Struct, frozen=True):
    """A theme, and the cooperative's own colours or None for the theme's."""

    theme: str
    accent: str | None
    header: str | None


async def find_similar_cooperative(database: Database, tenant: TenantRef, name: str) -> str | None:
    """Return the name of another cooperative that a new name resembles, or None.

    An unchanged name is not checked. Call this before a transaction begins: it reads over its own connection.
    """
    if normalize_name(name) == normalize_name(tenant.name):
        return None
    async with shared_reader(database) as ro:
        others = [each for each in await list_cooperative_names(ro) if each.slug != tenant.slug]
    # comparing thousands of names would block the event loop
    return await asyncio.to_thread(find_similar_name, name, name, others)


async def update_details(db: AsyncSession, actor: Actor, details: ProfileDetails) -> None:
    """Change the profile's details, and the cooperative's name in the registry."""
    await _update_profile(db, actor, "office.profile_changed", msgspec.structs.asdict(details))
    await rename_cooperative(db, details.name)


async def update_appearance(db: AsyncSession, actor: Actor, appearance: Appearance) -> None:
    """Change theme and colours.

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
    """Set the logo from an upload. Raises DomainError: shop.not_a_picture, .picture_too_large."""
    checksum, made = await asyncio.to_thread(pictures.render_sizes, upload)
    await store_pictures(db, checksum, made)
    await _update_profile(db, actor, "office.logo_changed", {"logo": checksum})


async def remove_logo(db: AsyncSession, actor: Actor) -> None:
    """Remove the logo; Lumbung's mark is shown instead."""
    await _update_profile(db, actor, "office.logo_changed", {"logo": None})


async def open_shop(db: AsyncSession, actor: Actor) -> None:
    """Open the shop: it takes orders again."""
    await _update_profile(db, actor, "office.shop_opened", {"shop_open": True})


async def close_shop(db: AsyncSession, actor: Actor) -> None:
    """Close the shop: it takes no new orders; placed orders continue."""
    await _update_profile(db, actor, "office.shop_closed", {"shop_open": False})


async def confirm_bylaws(db: AsyncSession, actor: Actor) -> None:
    """Record that an officer compared the bylaws with the cooperative's own and found them right."""
    audit.record(db, actor, queries.BYLAWS_CHECKED, subject="bylaws")


async def _update_profile(db: AsyncSession, actor: Actor, action: str, values: dict[str, object]) -> None:
    """Write the changed fields of the profile and audit them; do nothing when all are equal."""
    profile = await queries.lock_profile(db)
    changed = {name: value for name, value in values.items() if getattr(profile, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(profile, name, value)
    audit.record(db, actor, action, subject=AUDIT_SUBJECT, params=changed)
