"""Forms of reconciliation."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from kernel.money import Rupiah


class ManualPayoutForm(msgspec.Struct, forbid_unknown_fields=True):
    """Money that reached the bank, and when; ``key`` makes a second submission count once."""

    amount: Rupiah
    on: date
    key: UUID
