"""Forms of the backoffice."""

from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile

from cooperative.offices import Office
from cooperative.rights import PermissionCode
from ui import MobileNumber

ShortText = Annotated[str, msgspec.Meta(max_length=80)]
TextLine = Annotated[str, msgspec.Meta(max_length=200)]


class ProfileForm(msgspec.Struct, forbid_unknown_fields=True):
    """The cooperative's profile."""

    name: Annotated[str, msgspec.Meta(min_length=3, max_length=80)]
    tagline: TextLine = ""
    address: TextLine = ""
    phone: Annotated[str, msgspec.Meta(max_length=30)] = ""
    bank_account: TextLine = ""
    timezone: Literal["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"] = "Asia/Jakarta"


class AppearanceForm(msgspec.Struct, forbid_unknown_fields=True):
    """Theme and colours; the colours count only with ``own_colours``."""

    theme: ShortText
    own_colours: bool = False
    accent: ShortText = ""
    header: ShortText = ""


class LogoForm(msgspec.Struct, forbid_unknown_fields=True):
    """A picture to make the logo from."""

    logo: UploadFile


class OfficerForm(msgspec.Struct, forbid_unknown_fields=True):
    """The appointment of an officer."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    phone: MobileNumber
    role: Office


class RightForm(msgspec.Struct, forbid_unknown_fields=True):
    """One permission to take from an office, or to give back."""

    permission: PermissionCode
    take: bool = False
