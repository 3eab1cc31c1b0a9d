"""Forms of the register, of accounts and of sign-in."""

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
    """A sign-in: phone or member number, password, and the path to return to."""

    identity: Identity
    password: PasswordText
    kembali: Annotated[str, Meta(max_length=300)] = ""


class ActivationForm(msgspec.Struct, forbid_unknown_fields=True):
    """An activation: phone or member number, the code, and the new password."""

    identity: Identity
    code: Annotated[str, Meta(max_length=40)]
    password: PasswordText


class ApplicationForm(msgspec.Struct, forbid_unknown_fields=True):
    """An application for membership; the page generates `key`, so that sending it twice makes one
    application.
    """

    name: Name
    phone: MobileNumber
    sex: Literal["L", "P"]
    address: Address
    key: UUID
    consent: bool = False


class NewMemberForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member admitted at the counter; an empty `number` means the next free one."""

    name: Name
    joined_on: date
    key: UUID
    sex: Literal["L", "P"] | None = None
    phone: MobileNumber | None = None
    address: Address = ""
    number: Annotated[str, Meta(max_length=40)] = ""
    principal_paid: bool = False


class ApprovalForm(msgspec.Struct, forbid_unknown_fields=True):
    """The approval of an application; an empty `number` means the next free one."""

    joined_on: date
    number: Annotated[str, Meta(max_length=40)] = ""
    principal_paid: bool = False


class DeclineForm(msgspec.Struct, forbid_unknown_fields=True):
    """The refusal of an application, with its reason."""

    reason: Annotated[str, Meta(max_length=300)] = ""


class PasswordForm(msgspec.Struct, forbid_unknown_fields=True):
    """A change of the user's own password."""

    present: PasswordText
    password: PasswordText


class PhoneForm(msgspec.Struct, forbid_unknown_fields=True):
    """A change of the user's own phone number."""

    phone: MobileNumber
    own_password: PasswordText


class LanguageForm(msgspec.Struct, forbid_unknown_fields=True):
    """A change of the language of the user's pages."""

    language: Annotated[str, Meta(max_length=20)]
