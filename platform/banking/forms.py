"""Forms of bank statements and reconciliation."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from banking.statement_layouts import ColumnMapping
from kernel.money import Rupiah
from ui.import_pages import MAX_FILE_BYTES

Content = Annotated[str, Meta(max_length=MAX_FILE_BYTES)]


class StatementUploadForm(msgspec.Struct, forbid_unknown_fields=True):
    """A statement file, and the payment method whose money it shows."""

    method: str
    file: UploadFile


class ConfirmImportForm(msgspec.Struct, forbid_unknown_fields=True):
    """The text of a previewed statement, to be imported or mapped."""

    method: str
    content: Content


class ColumnsForm(msgspec.Struct, forbid_unknown_fields=True):
    """The column positions of a table."""

    method: str
    content: Content
    name: Annotated[str, Meta(max_length=60)]
    date: int
    text: int
    more_text: int | None = None
    amount: int | None = None
    mark: int | None = None
    credit: int | None = None
    debit: int | None = None
    balance: int | None = None
    outcome: int | None = None
    month_first: bool = False

    @property
    def columns(self) -> ColumnMapping:
        """Return the mapping; without a mark column, an amount's sign tells its side."""
        return ColumnMapping(
            date=self.date,
            texts=(self.text,) if self.more_text is None else (self.text, self.more_text),
            amount=self.amount,
            mark=self.mark,
            credit=self.credit,
            debit=self.debit,
            balance=self.balance,
            outcome=self.outcome,
            by_sign=self.amount is not None and self.mark is None,
            month_first=self.month_first,
        )


class MatchForm(msgspec.Struct, forbid_unknown_fields=True):
    """The payment that a line pays."""

    reference: Annotated[str, Meta(max_length=40)]


class SetAsideForm(msgspec.Struct, forbid_unknown_fields=True):
    """Why a line is set aside."""

    reason: Annotated[str, Meta(max_length=300)]


class ManualPayoutForm(msgspec.Struct, forbid_unknown_fields=True):
    """A payout that reached the bank: amount and day; the same ``key`` counts once."""

    amount: Rupiah
    on: date
    key: UUID
