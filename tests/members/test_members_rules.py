"""The pure rules: waits, codes, numbers, safe redirects."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cooperative.offices import may_issue_code
from members import rules
from ui.rendering import safe_redirect_path

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_a_code_is_read_however_it_is_typed() -> None:
    code = rules.generate_code()
    assert rules.normalize_code(f" {rules.format_code(code).lower()} ") == code
    assert not set(code) & set("AEIOU01L2Z5S8B")


def test_codes_differ() -> None:
    assert len({rules.generate_code() for _ in range(500)}) == 500


@pytest.mark.parametrize(
    ("largest", "following"),
    [(None, "0001"), ("0009", "0010"), ("9999", "10000"), ("1042", "1043"), ("007", "008")],
)
def test_the_next_number_follows_the_largest(largest: str | None, following: str) -> None:
    assert rules.next_number(largest) == following


@pytest.mark.parametrize(
    "path",
    [
        "https://jahat.example/",
        "//jahat.example",
        "/\\jahat.example",
        "\\\\jahat.example",
        "/\t/jahat.example",
        "/\n/jahat.example",
        " //jahat.example",
        "javascript:alert(1)",
        "jahat.example",
        "",
        "/" + "a" * 400,
    ],
)
def test_a_way_back_stays_on_this_host(path: str) -> None:
    assert safe_redirect_path(path, "/anggota") == "/anggota"


def test_a_local_way_back_is_taken() -> None:
    assert safe_redirect_path("/pesanan/1042?a=b", "/") == "/pesanan/1042?a=b"


@given(st.text(max_size=40))
def test_no_way_back_begins_like_another_host(path: str) -> None:
    found = safe_redirect_path(path, "/")
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))


def test_only_the_ketua_gives_codes_to_officers() -> None:
    assert may_issue_code("kasir", None)
    assert not may_issue_code("kasir", "ketua")
    assert not may_issue_code("bendahara", "kasir")
    assert may_issue_code("ketua", "kasir")
