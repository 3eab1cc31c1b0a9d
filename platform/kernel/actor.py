"""The person or process that makes a change, as the books and the audit log name it."""

from typing import Literal
from uuid import UUID

import msgspec


class Actor(msgspec.Struct, frozen=True):
    """The person or process behind a change. ``user_id`` is None for a visitor, the command line and jobs."""

    kind: Literal["visitor", "member", "officer", "operator", "system"]
    name: str
    user_id: UUID | None = None


SYSTEM = Actor("system", "Lumbung")
VISITOR = Actor("visitor", "Pengunjung")
