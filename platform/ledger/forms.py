"""Forms of the ledger's pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from kernel.money import Rupiah
from ledger.chart import CounterMethod


class ManualEntryForm(msgspec.Struct, forbid_unknown_fields=True):
    """A cost or an income. ``key`` is created with the form, so that a form sent twice is posted once."""

    on: date
    account: str
    amount: Rupiah
    method: CounterMethod
    description: Annotated[str, msgspec.Meta(max_length=200)]
    key: UUID


class ReversalForm(msgspec.Struct, forbid_unknown_fields=True):
    """The reason for a reversal."""

    reason: Annotated[str, msgspec.Meta(max_length=200)]
