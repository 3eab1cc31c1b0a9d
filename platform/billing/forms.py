"""Forms of billing."""

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
    """Choosing a plan after its price was shown, or paying it by card; the same ``key`` counts once."""

    interval: Interval
    key: Key


class BillingContactForm(msgspec.Struct, forbid_unknown_fields=True):
    """Who receives the invoices, and the buyer printed on them."""

    name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    email: Annotated[str, msgspec.Meta(max_length=120)] = ""
    phone: MobileNumber | None = None
    buyer_name: Annotated[str, msgspec.Meta(max_length=120)] = ""
    buyer_address: Annotated[str, msgspec.Meta(max_length=200)] = ""
    buyer_tax_number: Annotated[str, msgspec.Meta(max_length=30)] = ""


class RedeemCouponForm(msgspec.Struct, forbid_unknown_fields=True):
    """A coupon code that an officer redeems."""

    code: Annotated[str, msgspec.Meta(max_length=40)]


class ConfirmPaymentForm(msgspec.Struct, forbid_unknown_fields=True):
    """Confirmation of a payment by an operator; only the second page sends ``confirmed``."""

    amount: Rupiah
    method: Literal["bank_transfer", "qris"]
    reference: Annotated[str, msgspec.Meta(min_length=3, max_length=120)]
    confirmed: bool = False


class CloseInvoiceForm(msgspec.Struct, forbid_unknown_fields=True):
    """Voiding or writing off an invoice by an operator; only the second page sends ``confirmed``."""

    what: Literal["void", "uncollectible"]
    reason: Reason
    confirmed: bool = False


class GrantCreditForm(msgspec.Struct, forbid_unknown_fields=True):
    """Credit that an operator grants; only the second page sends ``confirmed``."""

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
    """A bank statement of the platform's own account."""

    file: UploadFile
