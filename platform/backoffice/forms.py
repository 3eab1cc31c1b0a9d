"""What the officers' room may be sent."""

from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile

from cooperative.offices import Office
from ui import Mobile

Short = Annotated[str, msgspec.Meta(max_length=80)]
Line = Annotated[str, msgspec.Meta(max_length=200)]


class FactsForm(msgspec.Struct, forbid_unknown_fields=True):
    """What the cooperative says of itself."""

    name: Annotated[str, msgspec.Meta(min_length=3, max_length=80)]
    tagline: Line = ""
    address: Line = ""
    phone: Annotated[str, msgspec.Meta(max_length=30)] = ""
    bank_account: Line = ""
    timezone: Literal["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"] = "Asia/Jakarta"


class LookForm(msgspec.Struct, forbid_unknown_fields=True):
    """Theme and colours; the colours count only with ``own_colours``."""

    theme: Short
    own_colours: bool = False
    accent: Short = ""
    header: Short = ""


class LogoForm(msgspec.Struct, forbid_unknown_fields=True):
    """A picture to make the logo from."""

    logo: UploadFile


class OfficerForm(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to hold which office."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    phone: Mobile
    role: Office
