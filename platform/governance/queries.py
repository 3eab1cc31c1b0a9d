"""Read the bylaws in force on a day, and all versions."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from governance.rules import Bylaws, decode_bylaws
from kernel.database import Reader, as_reader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class BylawsVersionView(msgspec.Struct, frozen=True):
    """One version as it was adopted, in force from ``effective_on`` until a later version's date."""

    version: int
    effective_on: date
    template: str
    bylaws: Bylaws
    note: str
    adopted_by: str
    adopted_at: datetime


class _VersionRow(msgspec.Struct, frozen=True):
    """A version as the query returns it, with the document as text."""

    version: int
    effective_on: date
    template: str
    document: str
    note: str
    adopted_by: str
    adopted_at: datetime

    def to_view(self) -> BylawsVersionView:
        return BylawsVersionView(
            version=self.version,
            effective_on=self.effective_on,
            template=self.template,
            bylaws=_decode_cached(self.document),
            note=self.note,
            adopted_by=self.adopted_by,
            adopted_at=self.adopted_at,
        )


# The document is read as text, because the text is the key of the cache of decoded bylaws.
_COLUMNS = (
    "SELECT version, effective_on, template, document::text AS document, note, adopted_by, adopted_at "
    "FROM bylaws "
)


async def get_bylaws_on(source: AsyncSession | Reader, day: date) -> BylawsVersionView:
    """Return the version in force on ``day``.

    It is the version with the latest date up to ``day``; of two versions with one date, the later version.
    Before the first version's date, the first version applies. Raises LookupError when there is none.
    """
    found = await as_reader(source).one(
        _VersionRow,
        _COLUMNS + "ORDER BY effective_on <= $1 DESC, CASE WHEN effective_on <= $1 THEN effective_on END "
        "DESC,"
        " CASE WHEN effective_on <= $1 THEN version ELSE -version END DESC LIMIT 1",
        day,
    )
    if found is None:
        msg = "this cooperative has no bylaws yet"
        raise LookupError(msg)
    return found.to_view()


async def get_latest_version(source: AsyncSession | Reader) -> BylawsVersionView:
    """Return the version adopted last, even if it is not in force yet; a new change is based on it.

    Raises LookupError when there is none.
    """
    found = await as_reader(source).one(_VersionRow, _COLUMNS + "ORDER BY version DESC LIMIT 1")
    if found is None:
        msg = "this cooperative has no bylaws yet"
        raise LookupError(msg)
    return found.to_view()


async def find_version(source: AsyncSession | Reader, version: int) -> BylawsVersionView | None:
    """Return one version as it was adopted, or None."""
    found = await as_reader(source).one(_VersionRow, _COLUMNS + "WHERE version = $1::bigint", version)
    return found.to_view() if found else None


async def list_bylaws_versions(source: AsyncSession | Reader) -> list[BylawsVersionView]:
    """Return every version, newest first."""
    stored = await as_reader(source).rows(_VersionRow, _COLUMNS + "ORDER BY version DESC")
    return [each.to_view() for each in stored]


@lru_cache(maxsize=512)
def _decode_cached(document: str) -> Bylaws:
    """Decode the text of a version, cached: versions never change, and many pages need them."""
    return decode_bylaws(msgspec.json.decode(document))
