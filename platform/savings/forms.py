"""Forms of deposits and withdrawals."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from governance.rules import SavingsKind
from kernel.money import Rupiah
from ledger.chart import CounterMethod


class DepositForm(msgspec.Struct, forbid_unknown_fields=True):
    """A deposit. ``key`` is created with the form, so that a form sent twice is posted once."""

    kind: SavingsKind
    amount: Rupiah
    method: CounterMethod
    on: date
    key: UUID


class WithdrawalForm(msgspec.Struct, forbid_unknown_fields=True):
    """A withdrawal of voluntary savings; ``key`` as in ``DepositForm``."""

    amount: Rupiah
    method: CounterMethod
    on: date
    key: UUID
