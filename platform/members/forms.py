"""What the forms of people may send."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from ui import MobileNumber

Name = Annotated[str, Meta(min_length=2, max_length=120)]
Address = Annotated[str, Meta(max_length=300)]
Identity = Annotated[str, Meta(max_length=40)]
PasswordText = Annotated[str, Meta(max_length=200)]


class SignInForm(msgspec.Struct, forbid_unknown_fields=True):
    """Who, the password, and where to go back to."""

    identity: Identity
    password: PasswordText
    kembali: Annotated[str, Meta(max_length=300)] = ""


class ActivationForm(msgspec.Struct, forbid_unknown_fields=True):
    """Who, the code from an officer, and the password they choose."""

    identity: Identity
    code: Annotated[str, Meta(max_length=40)]
    password: PasswordText


class ApplicationForm(msgspec.Struct, forbid_unknown_fields=True):
    """An application; ``key`` is made with the form, so that sent twice it is one."""

    name: Name
    phone: MobileNumber
    sex: Literal["L", "P"]
    address: Address
    key: UUID
    consent: bool = False


class NewMemberForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member over the counter; ``number`` empty means the next free one."""

    name: Name
    joined_on: date
    key: UUID
    sex: Literal["L", "P"] | None = None
    phone: MobileNumber | None = None
    address: Address = ""
    number: Annotated[str, Meta(max_length=40)] = ""
    principal_paid: bool = False


class ApprovalForm(msgspec.Struct, forbid_unknown_fields=True):
    """Yes to an application."""

    joined_on: date
    number: Annotated[str, Meta(max_length=40)] = ""
    principal_paid: bool = False


class DeclineForm(msgspec.Struct, forbid_unknown_fields=True):
    """No to an application, and why."""

    reason: Annotated[str, Meta(max_length=300)] = ""


class PasswordForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new password of one's own."""

    present: PasswordText
    password: PasswordText


class PhoneForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new phone number of one's own."""

    phone: MobileNumber
    own_password: PasswordText


class LanguageForm(msgspec.Struct, forbid_unknown_fields=True):
    """The language of one's pages."""

    language: Annotated[str, Meta(max_length=20)]
