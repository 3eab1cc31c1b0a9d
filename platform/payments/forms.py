"""Forms of the pages of payments; those of method settings are in ``method_settings_forms``."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from governance.rules import PaymentMethodCode
from kernel.money import Rupiah


class PayInForm(msgspec.Struct, forbid_unknown_fields=True):
    """A wallet top-up or kasbon repayment.

    ``key`` is made with the form, so that two submissions open one payment.
    """

    key: UUID
    amount: Rupiah
    payment_method: PaymentMethodCode
    confirmed: bool = False


class PinForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new PIN, entered twice, and the member's password."""

    pin: Annotated[str, Meta(max_length=20)]
    again: Annotated[str, Meta(max_length=20)]
    own_password: Annotated[str, Meta(max_length=200)]


class NoteForm(msgspec.Struct, forbid_unknown_fields=True):
    """A note of what was done about an exception."""

    note: Annotated[str, Meta(max_length=300)]


class RefundForm(msgspec.Struct, forbid_unknown_fields=True):
    """A refund: amount, destination, reason.

    ``key`` is the form's own, so that two submissions are one refund.
    """

    amount: Rupiah
    destination: Literal["original_method", "by_hand", "wallet"]
    reason: Annotated[str, Meta(max_length=200)]
    key: UUID
