"""What billing's forms may send."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile

from billing.plans import Interval
from kernel.money import Rupiah
from ui import MobileNumber

Key = Annotated[str, msgspec.Meta(min_length=16, max_length=100)]
Reason = Annotated[str, msgspec.Meta(min_length=5, max_length=300)]


class ChoosePlanForm(msgspec.Struct, forbid_unknown_fields=True):
    """Choosing a plan from the page that has told the sum, or paying it by card; ``key`` makes a repetition
    harmless.
    """

    interval: Interval
    key: Key


class BillingContactForm(msgspec.Struct, forbid_unknown_fields=True):
    """Who gets the invoices, and whom they name."""

    name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    email: Annotated[str, msgspec.Meta(max_length=120)] = ""
    phone: MobileNumber | None = None
    buyer_name: Annotated[str, msgspec.Meta(max_length=120)] = ""
    buyer_address: Annotated[str, msgspec.Meta(max_length=200)] = ""
    buyer_tax_number: Annotated[str, msgspec.Meta(max_length=30)] = ""


class RedeemCouponForm(msgspec.Struct, forbid_unknown_fields=True):
    """A code that an officer enters."""

    code: Annotated[str, msgspec.Meta(max_length=40)]


class ConfirmPaymentForm(msgspec.Struct, forbid_unknown_fields=True):
    """An operator has seen the money; ``confirmed`` is sent by the second page alone."""

    amount: Rupiah
    method: Literal["bank_transfer", "qris"]
    reference: Annotated[str, msgspec.Meta(min_length=3, max_length=120)]
    confirmed: bool = False


class CloseInvoiceForm(msgspec.Struct, forbid_unknown_fields=True):
    """An operator calls an invoice off, or gives it up; ``confirmed`` is sent by the second page alone."""

    what: Literal["void", "uncollectible"]
    reason: Reason
    confirmed: bool = False


class GrantCreditForm(msgspec.Struct, forbid_unknown_fields=True):
    """Credit by hand; ``confirmed`` is sent by the second page alone."""

    amount: Rupiah
    reason: Reason
    key: Key
    confirmed: bool = False


class CreateCouponForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new coupon."""

    code: Annotated[str, msgspec.Meta(max_length=40)]
    percent: Annotated[int, msgspec.Meta(ge=1, le=100)]
    invoices: Annotated[int, msgspec.Meta(ge=1, le=60)]
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    reason: Reason
    until: date | None = None


class UploadStatementForm(msgspec.Struct, forbid_unknown_fields=True):
    """A statement of the platform's own account."""

    file: UploadFile
