"""Add an operator from the command line; no page can do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel import clock, phone
from kernel.ids import new_id
from kernel.passwords import check_password, hash_password
from operators import errors, queries
from operators.audit_log import record_action
from operators.models import Operator

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def add_operator(db: AsyncSession, *, name: str, phone_number: str, password: str) -> Operator:
    """Add an operator who signs in with this phone number and password.

    Raises DomainError: operators.name_needed, operators.phone_taken, kernel.not_a_mobile_number,
    kernel.password_….
    """
    name = " ".join(name.split())
    if not name:
        raise errors.NAME_NEEDED()
    number = phone.parse_mobile(phone_number)
    check_password(password, phone_number=number)
    password_hash = await hash_password(password)
    if await queries.find_operator_by_phone(db, number) is not None:
        raise errors.PHONE_TAKEN(phone=phone.format_national(number))
    operator = Operator(
        id=new_id(), name=name, phone=number, password_hash=password_hash, added_at=clock.now()
    )
    db.add(operator)
    record_action(db, by=name, action="operators.added", subject=name)
    return operator
