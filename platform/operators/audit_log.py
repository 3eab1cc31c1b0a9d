"""The trail of what operators did, written in the same transaction as the deed.

The application may add to it and read it, no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from operators.models import OperatorAction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


def record_action(
    db: AsyncSession, *, by: str, action: str, subject: str, params: Mapping[str, object] | None = None
) -> None:
    """Add an entry: ``action`` is a stable dotted name in the past tense,
    ``subject`` the cooperative's slug.
    """
    db.add(OperatorAction(operator=by, action=action, subject=subject, params=dict(params or {})))
