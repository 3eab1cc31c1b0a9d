"""Credit terms of members: the limits that an officer grants, and the PIN for consent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit import credit_queries
from credit.models import CreditTerms
from kernel import audit, clock
from kernel.actor import Actor
from kernel.money import Rupiah
from kernel.passwords import hash_password, verify_dummy, verify_password
from members.login_throttle import LoginThrottle
from payments import errors, events, rules
from payments.member_funds import Consent
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

_PIN: Final = re.compile(r"[0-9]{6}")
_DIGIT_SEQUENCES: Final = "0123456789012345", "9876543210987654"


async def grant_credit(
    db: AsyncSession,
    actor: Actor,
    member_id: UUID,
    *,
    kasbon: Rupiah,
    payroll: Rupiah,
    payroll_number: str = "",
) -> None:
    """Set a member's credit limits by method, in rupiah; 0 grants nothing new and cancels no debt.

    Raises DomainError payments.no_such_member.
    """
    if not await credit_queries.is_active_member(db, member_id):
        raise errors.NO_SUCH_MEMBER()
    terms = await _get_or_create_terms(db, member_id)
    terms.kasbon_limit, terms.payroll_limit = int(kasbon), int(payroll)
    terms.payroll_number = payroll_number.strip()
    terms.changed_by, terms.changed_at = actor.name, clock.now()
    params = {"kasbon": int(kasbon), "payroll": int(payroll)}
    audit.record(db, actor, events.CREDIT_CHANGED, subject=f"member:{member_id}", params=params)


async def set_pin(database: Database, tenant: TenantRef, actor: Actor, member_id: UUID, pin: str) -> None:
    """Set a member's PIN. The caller has authenticated the member.

    Raises DomainError payments.pin_malformed, .pin_too_easy, .no_such_member, .pin_waits.
    """
    require_valid_pin(pin)
    hashed = await hash_password(pin)  # hashed before a connection is opened
    async with coop_session(database, tenant) as db:
        await save_pin_hash(db, actor, member_id, hashed)


async def save_pin_hash(db: AsyncSession, actor: Actor, member_id: UUID, hashed: str) -> None:
    """Store the hash of a member's new PIN. Raises DomainError payments.no_such_member, .pin_waits."""
    if not await credit_queries.is_active_member(db, member_id):
        raise errors.NO_SUCH_MEMBER()
    waits_until = rules.pin_blocked_until(await credit_queries.get_code_used_at(db, member_id), clock.now())
    if waits_until is not None:
        raise errors.PIN_COOLDOWN(until=waits_until)
    terms = await _get_or_create_terms(db, member_id)
    terms.pin_hash, terms.pin_set_at = hashed, clock.now()
    audit.record(db, actor, events.PIN_SET, subject=f"member:{member_id}", params={})


async def clear_pin(db: AsyncSession, member_id: UUID) -> None:
    """Delete a member's PIN, if there is one, because it is no longer known who set it."""
    terms = await credit_queries.get_credit_terms_for_update(db, member_id)
    if terms is not None:
        terms.pin_hash = terms.pin_set_at = None


async def consent_with_pin(
    database: Database, tenant: TenantRef, member_id: UUID, pin: str, *, client_ip: str = ""
) -> Consent:
    """Return a member's consent if the PIN is right; attempts are limited, as at sign-in.

    Raises DomainError payments.pin_wrong, .pin_not_set; ui.too_many_attempts.
    """
    throttle = LoginThrottle(database, tenant, "pin", str(member_id), client_ip)
    await throttle.hit()
    async with coop_reader(database, tenant) as ro:
        hashed = await credit_queries.get_pin_hash(ro, member_id)
    if hashed is None:
        await verify_dummy(pin)
        raise errors.PIN_NOT_SET()
    if not await verify_password(hashed, pin):
        raise errors.PIN_WRONG(field="pin")
    async with coop_session(database, tenant) as db:
        await throttle.reset(db)
    return Consent(member_id, clock.now())


def require_valid_pin(pin: str) -> None:
    """Raise DomainError (422) unless it is a PIN of six digits that is not easily guessed."""
    if not _PIN.fullmatch(pin):
        raise errors.PIN_MALFORMED(field="pin")
    if len(set(pin)) == 1 or any(pin in row for row in _DIGIT_SEQUENCES):
        raise errors.PIN_TOO_EASY(field="pin")


async def _get_or_create_terms(db: AsyncSession, member_id: UUID) -> CreditTerms:
    """Return a member's credit terms, locked; without a row, create one that grants nothing."""
    terms = await credit_queries.get_credit_terms_for_update(db, member_id)
    if terms is None:
        terms = CreditTerms(
            member_id=member_id,
            kasbon_limit=0,
            payroll_limit=0,
            payroll_number="",
            changed_by="",
            changed_at=clock.now(),
        )
        db.add(terms)
        await db.flush()
    return terms
