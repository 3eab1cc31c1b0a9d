"""Forms of the operators' pages."""

from typing import Annotated

import msgspec

from ui import MobileNumber


class OperatorSignInForm(msgspec.Struct, forbid_unknown_fields=True):
    """Phone number and password, and the page to return to."""

    phone: MobileNumber
    password: Annotated[str, msgspec.Meta(max_length=200)]
    kembali: Annotated[str, msgspec.Meta(max_length=500)] = "/"


class RejectionForm(msgspec.Struct, forbid_unknown_fields=True):
    """Why a new cooperative's name is rejected."""

    rejection_reason: Annotated[str, msgspec.Meta(min_length=5, max_length=300)]


class SuspensionForm(msgspec.Struct, forbid_unknown_fields=True):
    """Why a cooperative is suspended; only the second page sends ``confirmed``."""

    reason: Annotated[str, msgspec.Meta(min_length=5, max_length=300)]
    confirmed: bool = False
