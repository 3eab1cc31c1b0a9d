"""The one-time link that carries a founder from the apex to their own subdomain: cookies of one host never reach another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from kernel import clock
from members.models import Session
from onboarding import errors
from ui.cookies import new_token, token_hash

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

SESSION_LASTS = timedelta(days=30)


async def take_handover(db: AsyncSession, token: str) -> str:
    """Use up a handover link and return the token of the session that it opens.

    Raises Refusal onboarding.handover_over for a link that was used, is older than two minutes, or belongs to another cooperative.
    """
    now = clock.now()
    # taking the row away is the check: of two browsers that open the link at the same moment one finds nothing
    user_id = (
        await db.execute(
            text(
                "DELETE FROM sessions WHERE token_hash = :token AND kind = 'handover' RETURNING CASE WHEN expires_at > :now THEN user_id END"
            ),
            {"token": token_hash(token), "now": now},
        )
    ).scalar_one_or_none()
    if user_id is None:
        raise errors.HANDOVER_OVER()
    session = new_token()
    db.add(Session(token_hash=token_hash(session), user_id=user_id, signed_in_at=now, expires_at=now + SESSION_LASTS))
    return session
