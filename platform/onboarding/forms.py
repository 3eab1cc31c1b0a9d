"""The sign-up form."""

from typing import Annotated, Literal

import msgspec

from ui import MobileNumber


class SignUpForm(msgspec.Struct, forbid_unknown_fields=True):
    """The answers of a founder.

    ``founding_key`` is hidden in the form: the same key creates one cooperative, however often it is sent.
    """

    name: Annotated[str, msgspec.Meta(min_length=3, max_length=80)]
    slug: Annotated[str, msgspec.Meta(max_length=60)]
    officer_name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    phone: MobileNumber
    password: Annotated[str, msgspec.Meta(max_length=200)]
    bylaws: Literal["konsumen", "desa-merah-putih"]
    founding_key: Annotated[str, msgspec.Meta(min_length=16, max_length=100)]
