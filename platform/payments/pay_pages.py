"""Where a payment is paid: its amount, its way, its state; for anybody who has its address, which nobody can guess."""

from typing import Any, Final

routes: Final[list[Any]] = []
