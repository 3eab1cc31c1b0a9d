"""Column types that the rooms' tables share."""

from typing import Any

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

from kernel.money import Rupiah


class RupiahColumn(TypeDecorator[Rupiah]):
    """Whole rupiah in a BIGINT. Writing a float, a bool or a fraction raises; reading gives Rupiah."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(Rupiah(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Rupiah | None:
        return None if value is None else Rupiah(value)

    @property
    def python_type(self) -> type[Rupiah]:
        return Rupiah
