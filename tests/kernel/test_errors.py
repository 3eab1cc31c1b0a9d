"""Domain errors: one code each, both languages, every parameter formatted for the reader."""

import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from kernel import errors
from kernel.errors import DomainError, ErrorType, LocalizedText
from kernel.money import Rupiah
from kernel.translations import get_translations


@pytest.fixture(autouse=True)
def restore_error_types() -> Iterator[None]:
    before = dict(errors._error_types)
    yield
    errors._error_types.clear()
    errors._error_types.update(before)


@pytest.fixture
def add_english() -> Iterator[Callable[[str, str], None]]:
    messages = get_translations("en").messages
    before = dict(messages)

    def add(text: str, english: str) -> None:
        messages[None, text] = english

    yield add
    messages.clear()
    messages.update(before)


def test_an_error_is_shown_in_both_languages(add_english: Callable[[str, str], None]) -> None:
    low = ErrorType("trial.stock_low", 409, "Sisa {left} {product}.")
    add_english("Sisa {left} {product}.", "Only {left} of {product} left.")
    error = low(product="Beras", left=2)
    assert (error.code, error.status) == ("trial.stock_low", 409)
    assert error.localize("id") == "Sisa 2 Beras."
    assert error.localize("en") == str(error) == "Only 2 of Beras left."
    assert error.params == {"product": "Beras", "left": 2}


def test_facts_are_written_as_the_reader_writes_them(add_english: Callable[[str, str], None]) -> None:
    add_english("uji simpanan", "savings")
    error_type = ErrorType("trial.params", 409, "{a} {b} {c} {d} {e} {f}")
    error = error_type(
        a=Rupiah(12_500),
        b=date(2026, 8, 17),
        c=Decimal("2.5"),
        d=LocalizedText("uji simpanan"),
        e=["x", Rupiah(1_000)],
        f=datetime(2026, 8, 17, 3, 5, tzinfo=UTC),
    )
    assert error.localize("id") == (
        "Rp12.500 17 Agustus 2026 2,5 uji simpanan x, Rp1.000 17 Agustus 2026 10.05 WIB"
    )
    assert error.localize("en") == "Rp12,500 17 August 2026 2.5 savings x, Rp1,000 17 August 2026 10:05 WIB"


def test_facts_fit_in_json(add_english: Callable[[str, str], None]) -> None:
    add_english("uji a", "b")
    error_type = ErrorType("trial.json", 409, "x")
    inner = ErrorType("trial.inner", 409, "y")(z=1)
    error = error_type(
        money=Rupiah(5),
        day=date(2026, 1, 2),
        rate=Decimal("2.50"),
        id=UUID(int=1),
        words=LocalizedText("uji a"),
        many=(Rupiah(1), None, True),
        nested={"inner": inner},
    )
    assert json.loads(json.dumps(error.params)) == {
        "money": 5,
        "day": "2026-01-02",
        "rate": "2.50",
        "id": "00000000-0000-0000-0000-000000000001",
        "words": {"id": "uji a", "en": "b"},
        "many": [1, None, True],
        "nested": {"inner": {"code": "trial.inner", "facts": {"z": 1}}},
    }
    assert type(error.params["money"]) is int


def test_a_parameter_without_a_json_form_is_a_type_error() -> None:
    error = ErrorType("trial.object", 409, "x")(thing=object())
    with pytest.raises(TypeError, match="cannot be a parameter"):
        _ = error.params


def test_a_brace_in_a_fact_is_only_text() -> None:
    assert str(ErrorType("trial.brace", 422, "{text}")(text="{0} {self}")) == "{0} {self}"


def test_a_forgotten_fact_is_a_fault_of_ours() -> None:
    error_type = ErrorType("trial.forgotten", 409, "{a} {b}")
    with pytest.raises(TypeError, match="lacks b"):
        error_type(a=1)


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("nodot", 409, "x"),
        ("Shop.low", 409, "x"),
        ("trial.status", 200, "x"),
        ("trial.attribute", 409, "{a.b}"),
        ("trial.spec", 409, "{a:>5}"),
        ("trial.position", 409, "{}"),
    ],
)
def test_a_malformed_kind_is_refused_at_once(code: str, status: int, text: str) -> None:
    with pytest.raises(ValueError):
        ErrorType(code, status, text)
    if code.startswith("trial."):
        ErrorType(code, 409, "x")  # what was refused did not take the code


def test_a_code_is_taken_once() -> None:
    ErrorType("trial.taken", 409, "x")
    with pytest.raises(ValueError, match="already taken"):
        ErrorType("trial.taken", 409, "y")


def test_an_error_survives_pickling_between_processes() -> None:
    trip = ErrorType("trial.trip", 409, "{a}")
    back = pickle.loads(pickle.dumps(trip(a=Rupiah(5))))
    assert isinstance(back, DomainError)
    assert (back.code, back.localize("id")) == ("trial.trip", "Rp5")
