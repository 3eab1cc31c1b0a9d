"""What pages about people read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ui.viewer import Viewer

if TYPE_CHECKING:
    from kernel.database import Reader


async def viewer_of_session(ro: Reader, token_hash: bytes, now: datetime) -> Viewer | None:
    """Return the person whose session this is, or None when it is unknown or over. A member who left is no longer one."""
    return await ro.one(
        Viewer,
        "SELECT u.id AS user_id, u.name, m.id AS member_id, m.number AS member_number, u.officer_role, s.token_hash AS session"
        " FROM sessions s JOIN users u ON u.id = s.user_id"
        " LEFT JOIN members m ON m.id = u.member_id AND m.status = 'active'"
        " WHERE s.token_hash = $1 AND s.kind = 'session' AND s.expires_at > $2",
        token_hash,
        now,
    )
