"""Officers' forms of credit."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from kernel.money import Rupiah
from ledger.chart import CounterMethod


class CreditLimitsForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member's credit limits, in rupiah; 0 grants nothing new."""

    kasbon: Rupiah
    payroll: Rupiah
    payroll_number: Annotated[str, msgspec.Meta(max_length=40)] = ""


class RepaymentForm(msgspec.Struct, forbid_unknown_fields=True):
    """A kasbon repayment; ``key`` makes a second submission count once."""

    amount: Rupiah
    method: CounterMethod
    key: UUID


class TopUpForm(msgspec.Struct, forbid_unknown_fields=True):
    """A wallet top-up in cash; ``key`` makes a second submission count once."""

    amount: Rupiah
    key: UUID
