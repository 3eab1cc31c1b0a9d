"""What the forms of deductions from pay may send."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.datastructures import UploadFile

from credit.payroll_rules import Decision
from ui.import_pages import MAX_FILE_BYTES


class NewBatchForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new file; ``key`` is made with the form, so that sent twice it is one."""

    title: Annotated[str, msgspec.Meta(max_length=100)]
    key: UUID


class ReturnForm(msgspec.Struct, forbid_unknown_fields=True):
    """An employer's answer, and the day on which its money reached the bank."""

    file: UploadFile
    on: date


class ConfirmReturnForm(msgspec.Struct, forbid_unknown_fields=True):
    """An answer that was looked at, to be taken."""

    content: Annotated[str, msgspec.Meta(max_length=MAX_FILE_BYTES)]
    on: date


class DecisionForm(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of a difference, and why.

    ``member_number`` says whose wallet, for money of somebody unknown.
    """

    decision: Decision
    reason: Annotated[str, msgspec.Meta(max_length=300)]
    member_number: Annotated[str, msgspec.Meta(max_length=60)] = ""
