"""What the forms of reconciliation may send."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from kernel.money import Rupiah


class ManualPayoutForm(msgspec.Struct, forbid_unknown_fields=True):
    """Money that reached the bank, and when; ``key`` is made with the form, so that sent twice it counts
    once.
    """

    amount: Rupiah
    on: date
    key: UUID
