"""Officers' forms of credit, counter payments and payroll deductions."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.datastructures import UploadFile

from credit.payroll_rules import Decision
from kernel.money import Rupiah
from ledger.chart import CounterMethod
from ui.import_pages import MAX_FILE_BYTES


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


class NewBatchForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new file; ``key`` makes a second submission create one file."""

    title: Annotated[str, msgspec.Meta(max_length=100)]
    key: UUID


class ReturnForm(msgspec.Struct, forbid_unknown_fields=True):
    """An employer's answer, and the day its money reached the bank."""

    file: UploadFile
    on: date


class ConfirmReturnForm(msgspec.Struct, forbid_unknown_fields=True):
    """A previewed answer, to be imported."""

    content: Annotated[str, msgspec.Meta(max_length=MAX_FILE_BYTES)]
    on: date


class DecisionForm(msgspec.Struct, forbid_unknown_fields=True):
    """The decision about a difference, and its reason.

    ``member_number`` names the wallet's owner, for a deduction that we did not request.
    """

    decision: Decision
    reason: Annotated[str, msgspec.Meta(max_length=300)]
    member_number: Annotated[str, msgspec.Meta(max_length=60)] = ""
