"""Forms of members' payment pages."""

from __future__ import annotations

from typing import Annotated
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
