"""Refusals: one code each, both languages, every fact in its place and in the reader's own writing."""

import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from kernel import errors
from kernel.errors import DomainError, ErrorType, LocalizedText
from kernel.money import Rupiah


@pytest.fixture(autouse=True)
def restore_error_types() -> Iterator[None]:
    before = dict(errors._error_types)
    yield
    errors._error_types.clear()
    errors._error_types.update(before)


def test_a_refusal_speaks_both_languages() -> None:
    low = ErrorType(
        "trial.stock_low", 409, id="Stok {product} tinggal {left}.", en="Only {left} of {product} left."
    )
    error = low(product="Beras", left=2)
    assert (error.code, error.status) == ("trial.stock_low", 409)
    assert error.message("id") == "Stok Beras tinggal 2."
    assert error.message("en") == str(error) == "Only 2 of Beras left."
    assert error.params == {"product": "Beras", "left": 2}


def test_facts_are_written_as_the_reader_writes_them() -> None:
    error_type = ErrorType("trial.params", 409, id="{a} {b} {c} {d} {e} {f}", en="{a} {b} {c} {d} {e} {f}")
    error = error_type(
        a=Rupiah(12_500),
        b=date(2026, 8, 17),
        c=Decimal("2.5"),
        d=LocalizedText("simpanan", "savings"),
        e=["x", Rupiah(1_000)],
        f=datetime(2026, 8, 17, 3, 5, tzinfo=UTC),
    )
    assert error.message("id") == (
        "Rp12.500 17 Agustus 2026 2,5 simpanan x, Rp1.000 17 Agustus 2026 10.05 WIB"
    )
    assert error.message("en") == "Rp12,500 17 August 2026 2.5 savings x, Rp1,000 17 August 2026 10:05 WIB"


def test_facts_fit_in_json() -> None:
    error_type = ErrorType("trial.json", 409, id="x", en="x")
    inner = ErrorType("trial.inner", 409, id="y", en="y")(z=1)
    error = error_type(
        money=Rupiah(5),
        day=date(2026, 1, 2),
        rate=Decimal("2.50"),
        id=UUID(int=1),
        words=LocalizedText("a", "b"),
        many=(Rupiah(1), None, True),
        nested={"inner": inner},
    )
    assert json.loads(json.dumps(error.params)) == {
        "money": 5,
        "day": "2026-01-02",
        "rate": "2.50",
        "id": "00000000-0000-0000-0000-000000000001",
        "words": {"id": "a", "en": "b"},
        "many": [1, None, True],
        "nested": {"inner": {"code": "trial.inner", "facts": {"z": 1}}},
    }
    assert type(error.params["money"]) is int


def test_a_fact_json_has_no_word_for_is_a_fault() -> None:
    error = ErrorType("trial.object", 409, id="x", en="x")(thing=object())
    with pytest.raises(TypeError, match="cannot be a fact"):
        _ = error.params


def test_a_brace_in_a_fact_is_only_text() -> None:
    assert str(ErrorType("trial.brace", 422, id="{text}", en="{text}")(text="{0} {self}")) == "{0} {self}"


def test_a_forgotten_fact_is_a_fault_of_ours() -> None:
    error_type = ErrorType("trial.forgotten", 409, id="{a} {b}", en="{a} {b}")
    with pytest.raises(TypeError, match="lacks b"):
        error_type(a=1)


@pytest.mark.parametrize(
    ("code", "status", "indonesian", "english"),
    [
        ("nodot", 409, "x", "x"),
        ("Shop.low", 409, "x", "x"),
        ("trial.status", 200, "x", "x"),
        ("trial.names", 409, "{a}", "{b}"),
        ("trial.attribute", 409, "{a.b}", "{a.b}"),
        ("trial.spec", 409, "{a:>5}", "{a:>5}"),
        ("trial.position", 409, "{}", "{}"),
    ],
)
def test_a_malformed_kind_is_refused_at_once(code: str, status: int, indonesian: str, english: str) -> None:
    with pytest.raises(ValueError):
        ErrorType(code, status, id=indonesian, en=english)
    assert code not in errors.error_types()


def test_a_code_is_taken_once() -> None:
    ErrorType("trial.taken", 409, id="x", en="x")
    with pytest.raises(ValueError, match="already taken"):
        ErrorType("trial.taken", 409, id="y", en="y")


def test_a_refusal_survives_a_trip_between_processes() -> None:
    ErrorType("trial.trip", 409, id="{a}", en="{a}")
    back = pickle.loads(pickle.dumps(errors.error_types()["trial.trip"](a=Rupiah(5))))
    assert isinstance(back, DomainError)
    assert (back.code, back.message("id")) == ("trial.trip", "Rp5")
