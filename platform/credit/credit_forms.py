"""What the officers' forms of credit may send."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from kernel.money import Rupiah
from ledger.chart import CounterMethod


class CreditLimitsForm(msgspec.Struct, forbid_unknown_fields=True):
    """What a member may owe, in rupiah; 0 grants nothing more."""

    kasbon: Rupiah
    payroll: Rupiah
    payroll_number: Annotated[str, msgspec.Meta(max_length=40)] = ""


class RepaymentForm(msgspec.Struct, forbid_unknown_fields=True):
    """Money for store credit; ``key`` is made with the form, so that sent twice it counts once."""

    amount: Rupiah
    method: CounterMethod
    key: UUID


class TopUpForm(msgspec.Struct, forbid_unknown_fields=True):
    """Cash for a wallet; ``key`` as with paying off."""

    amount: Rupiah
    key: UUID
