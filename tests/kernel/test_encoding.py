"""Money on its way through JSON, forms and the database's columns."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy.dialects import postgresql

from kernel.columns import RupiahColumn
from kernel.encoding import dec_hook, enc_hook, form_dec_hook
from kernel.errors import Refusal
from kernel.money import Rupiah


class Paid(msgspec.Struct):
    amount: Rupiah


def test_json_carries_money_as_an_int() -> None:
    assert msgspec.json.encode(Paid(Rupiah(12_500)), enc_hook=enc_hook) == b'{"amount":12500}'
    back = msgspec.json.decode(b'{"amount":12500}', type=Paid, dec_hook=dec_hook)
    assert (type(back.amount), back.amount) == (Rupiah, 12_500)


@pytest.mark.parametrize("value", ["12500.0", "1.5", "true", '"12500"', "null"])
def test_json_carries_money_as_nothing_else(value: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.amount"):
        msgspec.json.decode(f'{{"amount":{value}}}', type=Paid, dec_hook=dec_hook)


def test_a_form_takes_what_people_type() -> None:
    assert msgspec.convert({"amount": "Rp 12.500"}, Paid, dec_hook=form_dec_hook).amount == 12_500
    with pytest.raises(Refusal, match="not an amount"):
        msgspec.convert({"amount": "banyak"}, Paid, dec_hook=form_dec_hook)


def test_hooks_leave_other_types_alone() -> None:
    with pytest.raises(NotImplementedError):
        enc_hook(object())
    with pytest.raises(NotImplementedError):
        dec_hook(complex, 1)


def test_a_column_writes_whole_rupiah_and_reads_rupiah() -> None:
    column, dialect = RupiahColumn(), postgresql.dialect()
    written = column.process_bind_param(Rupiah(5), dialect)
    assert (type(written), written) == (int, 5)
    assert type(column.process_result_value(5, dialect)) is Rupiah
    assert column.process_bind_param(None, dialect) is None
    assert column.process_result_value(None, dialect) is None
    assert column.compile(dialect) == "BIGINT"
    assert column.python_type is Rupiah


@pytest.mark.parametrize("value", [5.0, True, Decimal("5.5"), "5"])
def test_a_column_refuses_what_is_not_money(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        RupiahColumn().process_bind_param(value, postgresql.dialect())
