"""What the forms of the books may send."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from kernel.money import Rupiah
from ledger.chart import CounterMethod


class ManualEntryForm(msgspec.Struct, forbid_unknown_fields=True):
    """A cost or an income; ``key`` is made with the form, so that sent twice it counts once."""

    on: date
    account: str
    amount: Rupiah
    method: CounterMethod
    description: Annotated[str, msgspec.Meta(max_length=200)]
    key: UUID


class ReversalForm(msgspec.Struct, forbid_unknown_fields=True):
    """Why an entry is taken back."""

    reason: Annotated[str, msgspec.Meta(max_length=200)]
