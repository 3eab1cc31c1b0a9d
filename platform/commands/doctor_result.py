"""The result of one check of `lumbung doctor`."""

from typing import Literal

import msgspec


class CheckResult(msgspec.Struct, frozen=True):
    """The result of one check; `advice` says what to do when the status is not ``good``."""

    subject: str
    status: Literal["good", "notice", "wrong"]
    found: str
    advice: str = ""
