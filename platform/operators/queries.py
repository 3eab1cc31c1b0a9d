"""What operators' pages read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from kernel.database import Reader


class OperatorViewer(msgspec.Struct, frozen=True):
    """A signed-in operator."""

    operator_id: UUID
    name: str
    session: bytes


async def operator_of_session(ro: Reader, token_hash: bytes, now: datetime) -> OperatorViewer | None:
    """Return the operator whose session this is, or None when it is unknown or over."""
    return await ro.one(
        OperatorViewer,
        "SELECT o.id AS operator_id, o.name, s.token_hash AS session FROM shared.operator_sessions s"
        " JOIN shared.operators o ON o.id = s.operator_id WHERE s.token_hash = $1 AND s.expires_at > $2",
        token_hash,
        now,
    )
