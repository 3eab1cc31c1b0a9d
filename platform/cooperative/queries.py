"""Read the cooperative's profile, time zone, founding date and current date."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec

from kernel import clock
from kernel.database import Reader, as_reader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class ProfileView(msgspec.Struct, frozen=True):
    """The cooperative's profile as it is stored."""

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


async def get_profile(source: AsyncSession | Reader) -> ProfileView | None:
    """Return the cooperative's profile, or None when its founding was not completed."""
    return await as_reader(source).one(
        ProfileView,
        "SELECT name, tagline, theme, accent, header, logo, address, phone, bank_account, timezone, "
        "shop_open FROM profile",
    )


async def get_timezone(source: AsyncSession | Reader) -> str:
    """Return the IANA name of the cooperative's time zone."""
    return str(await as_reader(source).value("SELECT timezone FROM profile"))


async def get_founding_date(source: AsyncSession | Reader) -> date:
    """Return the date on which the cooperative signed up: that of its first audit entry."""
    founded: date = await as_reader(source).value(
        "SELECT (coalesce((SELECT at FROM audit_entries ORDER BY id LIMIT 1), now()) AT TIME ZONE "
        "'Asia/Jakarta')::date"
    )
    return founded


async def get_today(source: AsyncSession | Reader) -> date:
    """Return today's date in the cooperative's time zone, for use cases that do not get it as an argument."""
    return clock.today(await get_timezone(source))


async def list_restrictions(source: AsyncSession | Reader) -> set[tuple[str, str]]:
    """Return the pairs of office and permission that the ketua took away."""
    rows = await as_reader(source).records("SELECT office, permission FROM office_restrictions")
    return {(row["office"], row["permission"]) for row in rows}
