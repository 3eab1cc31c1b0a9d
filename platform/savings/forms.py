"""What the forms of savings may send."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from governance.rules import SavingsKind
from kernel.money import Rupiah
from ledger.chart import CounterMethod


class DepositForm(msgspec.Struct, forbid_unknown_fields=True):
    """A deposit; ``key`` is made with the form, so that sent twice it counts once."""

    kind: SavingsKind
    amount: Rupiah
    method: CounterMethod
    on: date
    key: UUID


class WithdrawalForm(msgspec.Struct, forbid_unknown_fields=True):
    """A withdrawal of voluntary savings; ``key`` as with a deposit."""

    amount: Rupiah
    method: CounterMethod
    on: date
    key: UUID
