"""The operators' audit log, written in the same transaction as the action.

The application's database role may only add to it and read it.
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
    """Add an entry to the operators' audit log.

    ``action`` is a stable dotted name in the past tense; ``subject`` is the slug, name or job that it
    concerns.
    """
    db.add(OperatorAction(operator=by, action=action, subject=subject, params=dict(params or {})))
