"""What every page reads about the cooperative behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from kernel.database import Reader


class ProfileView(msgspec.Struct, frozen=True):
    """How the cooperative shows itself, as it is stored."""

    name: str
    tagline: str
    theme: str
    accent: str | None
    header: str | None
    logo: str | None
    address: str
    phone: str
    bank_account: str
    timezone: str
    shop_open: bool


async def profile(ro: Reader) -> ProfileView | None:
    """Return the cooperative's profile, or None when it was not founded to the end."""
    return await ro.one(
        ProfileView,
        "SELECT name, tagline, theme, accent, header, logo, address, phone, bank_account, timezone, shop_open FROM profile",
    )
