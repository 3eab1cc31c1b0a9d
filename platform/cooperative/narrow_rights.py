"""Take permissions from an office, and give them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from cooperative.models import OfficeRestriction
from cooperative.offices import Office
from cooperative.rights import PERMISSIONS, PermissionCode
from kernel import audit
from kernel.errors import ErrorType

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

KETUA_KEEPS_ALL = ErrorType(
    "cooperative.ketua_keeps_all",
    422,
    "Hak ketua tidak bisa dibatasi, supaya selalu ada yang bisa mengembalikan hak.",
)


NOT_HELD = ErrorType(
    "cooperative.not_held",
    422,
    "Jabatan ini memang tidak mempunyai hak itu.",
)


async def take_permission(db: AsyncSession, actor: Actor, office: Office, code: PermissionCode) -> None:
    """Take a permission from an office. A repetition changes nothing.

    Raises DomainError: cooperative.ketua_keeps_all, .not_held.
    """
    _check_narrowable(office, code)
    row = {"office": office, "permission": code, "restricted_by": actor.name}
    statement = insert(OfficeRestriction).values(row).on_conflict_do_nothing()
    if (await db.execute(statement.returning(OfficeRestriction.office))).first() is not None:
        audit.record(db, actor, "rights.taken", subject=f"office:{office}", params={"permission": code})


async def give_back_permission(db: AsyncSession, actor: Actor, office: Office, code: PermissionCode) -> None:
    """Give an office a permission back that was taken from it. A repetition changes nothing.

    Raises DomainError: cooperative.ketua_keeps_all, .not_held.
    """
    _check_narrowable(office, code)
    statement = delete(OfficeRestriction).where(
        OfficeRestriction.office == office, OfficeRestriction.permission == code
    )
    if (await db.execute(statement.returning(OfficeRestriction.office))).first() is not None:
        audit.record(db, actor, "rights.given_back", subject=f"office:{office}", params={"permission": code})


def _check_narrowable(office: Office, code: PermissionCode) -> None:
    if office == "ketua":
        raise KETUA_KEEPS_ALL()
    if office not in PERMISSIONS[code].offices:
        raise NOT_HELD()
