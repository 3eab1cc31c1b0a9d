"""Change the member's own PIN, confirmed by their password."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from credit import terms as credit
from kernel.actor import Actor
from kernel.passwords import hash_password, verify_password
from members import queries as members
from members.errors import WRONG_PASSWORD
from members.login_throttle import LoginThrottle
from payments import errors
from tenants.session import coop_session

if TYPE_CHECKING:
    from kernel.database import Database
    from tenants.registry import TenantRef


async def change_pin(
    database: Database,
    tenant: TenantRef,
    actor: Actor,
    member_id: UUID,
    *,
    pin: str,
    pin_confirmation: str,
    password: str,
    client_ip: str,
) -> None:
    """Set the acting member's PIN. Password attempts are counted together with those of the account page.

    It opens transactions of its own, because none may be open while a password is hashed; the password hash
    is compared again before the PIN is stored. Raises DomainError: payments.pin_malformed, .pin_too_easy,
    .pins_differ, .no_such_member, .pin_waits; members.wrong_password; ui.too_many_attempts.
    """
    credit.require_valid_pin(pin)
    if pin_confirmation != pin:
        raise errors.PINS_DIFFER(field="again")
    throttle = LoginThrottle(database, tenant, "password", str(actor.user_id), client_ip)
    await throttle.hit()
    async with coop_session(database, tenant) as db:
        user = await members.get_user(db, actor.user_id)
        known = user.password_hash if user else None
    if not await verify_password(known or "", password):
        raise WRONG_PASSWORD(field="own_password")
    hashed = await hash_password(pin)
    async with coop_session(database, tenant) as db:
        user = await members.lock_user(db, actor.user_id)
        if user is None or user.password_hash != known:
            raise WRONG_PASSWORD(field="own_password")
        await credit.save_pin_hash(db, actor, member_id, hashed)
        await throttle.reset(db)
