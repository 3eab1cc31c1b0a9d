"""What `lumbung doctor` says of one thing that it looked at."""

from typing import Literal

import msgspec


class CheckResult(msgspec.Struct, frozen=True):
    """One thing that was looked at; `advice` says what to do where the state is not ``good``."""

    subject: str
    status: Literal["good", "notice", "wrong"]
    found: str
    advice: str = ""
