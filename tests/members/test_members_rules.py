"""The pure rules: waits, codes, numbers, ways back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members import rules
from members.rules import Tries
from ui.rendering import local_path

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def guess_until_stopped(start: datetime, pause: timedelta, times: int) -> list[int]:
    """How many tries were let through, seen after each of `times` tries that come `pause` apart."""
    tries, let_through, seen = Tries(0, start), 0, []
    for n in range(times):
        counted = rules.next_try(tries, start + n * pause)
        if counted is not None:
            tries, let_through = counted, let_through + 1
        seen.append(let_through)
    return seen


def test_five_tries_are_free_and_the_sixth_must_wait() -> None:
    assert guess_until_stopped(NOW, timedelta(seconds=1), 8) == [1, 2, 3, 4, 5, 5, 5, 5]


def test_each_wait_is_twice_the_one_before_up_to_fifteen_minutes() -> None:
    tries, moment, waits = Tries(0, NOW), NOW, []
    for _ in range(12):
        counted = rules.next_try(tries, moment)
        assert counted is not None
        tries = counted
        if tries.count >= rules.FREE_TRIES:
            waits.append((tries.until - moment) // timedelta(minutes=1))
            moment = tries.until
    assert waits == [1, 2, 4, 8, 15, 15, 15, 15]


def test_a_day_of_guessing_lets_about_a_hundred_through() -> None:
    assert guess_until_stopped(NOW, timedelta(seconds=20), 24 * 60 * 3)[-1] < 110


def test_a_quiet_day_forgives() -> None:
    stopped = Tries(9, NOW)
    later = rules.next_try(stopped, NOW + rules.FORGIVEN_AFTER)
    assert later is not None
    assert later.count == 1


def test_a_network_has_so_many_in_a_window_and_no_more() -> None:
    tries = Tries(0, NOW)
    for _ in range(3):
        tries = rules.next_in_window(tries, NOW, 3, timedelta(minutes=15)) or pytest.fail("stopped too early")
    assert rules.next_in_window(tries, NOW, 3, timedelta(minutes=15)) is None
    assert rules.next_in_window(tries, NOW + timedelta(minutes=15), 3, timedelta(minutes=15)) is not None


def test_one_household_has_one_network() -> None:
    assert rules.network_of("2001:db8::1") == rules.network_of("2001:db8::ffff") != rules.network_of("2001:db8:0:1::1")
    assert rules.network_of("::ffff:203.0.113.5") == rules.network_of("203.0.113.5") == "203.0.113.5"


def test_the_throttle_key_does_not_show_the_phone() -> None:
    assert "+6281234567890" not in rules.throttle_key("sign-in", "+6281234567890")


def test_a_code_is_read_however_it_is_typed() -> None:
    code = rules.new_code()
    assert rules.plain_code(f" {rules.shown_code(code).lower()} ") == code
    assert not set(code) & set("AEIOU01L2Z5S8B")


def test_codes_differ() -> None:
    assert len({rules.new_code() for _ in range(500)}) == 500


@pytest.mark.parametrize(
    ("largest", "following"),
    [(None, "0001"), ("0009", "0010"), ("9999", "10000"), ("1042", "1043"), ("007", "008")],
)
def test_the_next_number_follows_the_largest(largest: str | None, following: str) -> None:
    assert rules.number_after(largest) == following


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
    assert local_path(path, "/anggota") == "/anggota"


def test_a_local_way_back_is_taken() -> None:
    assert local_path("/pesanan/1042?a=b", "/") == "/pesanan/1042?a=b"


@given(st.text(max_size=40))
def test_no_way_back_begins_like_another_host(path: str) -> None:
    found = local_path(path, "/")
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))


def test_only_the_ketua_gives_codes_to_officers() -> None:
    assert rules.may_give_code("kasir", None)
    assert not rules.may_give_code("kasir", "ketua")
    assert not rules.may_give_code("bendahara", "kasir")
    assert rules.may_give_code("ketua", "kasir")
