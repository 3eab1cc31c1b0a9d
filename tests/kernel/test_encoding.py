"""Rupiah in JSON, forms and database columns."""

import msgspec
import pytest

from kernel.money import Rupiah, dec_hook, enc_hook


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


def test_hooks_leave_other_types_alone() -> None:
    with pytest.raises(NotImplementedError):
        enc_hook(object())
    with pytest.raises(NotImplementedError):
        dec_hook(complex, 1)
