"""Forms of officers' payment pages."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel.money import Rupiah


class NoteForm(msgspec.Struct, forbid_unknown_fields=True):
    """A note of what was done about an exception."""

    note: Annotated[str, Meta(max_length=300)]


class RefundForm(msgspec.Struct, forbid_unknown_fields=True):
    """A refund: amount, destination, reason.

    ``key`` is the form's own, so that two submissions are one refund.
    """

    amount: Rupiah
    destination: Literal["original_method", "by_hand", "wallet"]
    reason: Annotated[str, Meta(max_length=200)]
    key: UUID
