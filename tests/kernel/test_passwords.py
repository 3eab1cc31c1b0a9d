"""Passwords: argon2id, weak ones are rejected, and no check runs on the event loop."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from kernel import passwords
from kernel.errors import DomainError

GOOD = "tiga kucing menari"


async def test_a_hash_fits_its_password_alone() -> None:
    stored = await passwords.hash_password(GOOD)
    assert stored.startswith("$argon2id$")
    assert await passwords.verify_password(stored, GOOD)
    assert not await passwords.verify_password(stored, GOOD + " ")


async def test_each_hash_has_its_own_salt() -> None:
    assert await passwords.hash_password(GOOD) != await passwords.hash_password(GOOD)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$broken"])
async def test_a_damaged_hash_fits_nothing(stored: str) -> None:
    assert not await passwords.verify_password(stored, GOOD)


async def test_an_endless_password_is_not_even_hashed() -> None:
    stored = await passwords.hash_password(GOOD)
    assert not await passwords.verify_password(stored, "x" * 1_000_000)


async def test_older_parameters_ask_for_a_new_hash() -> None:
    assert not passwords.needs_rehash(await passwords.hash_password(GOOD))
    assert passwords.needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD))


async def test_hashing_leaves_the_event_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()

    def spy(stored: str, password: str) -> bool:
        threads.add(threading.current_thread().name)
        return True

    monkeypatch.setattr(passwords, "_matches", spy)
    await asyncio.gather(
        *(passwords.verify_password("x", GOOD) for _ in range(20)), passwords.verify_dummy(GOOD)
    )
    assert threads
    assert all(name.startswith("argon2") for name in threads)
    assert len(threads) <= 2


async def test_a_stranger_costs_a_real_check(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(passwords, "_matches", lambda stored, password: checked.append(stored))
    await passwords.verify_dummy(GOOD)
    assert not passwords.needs_rehash(checked[0])


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "kernel.password_too_short"),
        ("tujuh77", "kernel.password_too_short"),
        ("x" * 201, "kernel.password_too_long"),
        ("12345678", "kernel.password_too_common"),
        ("Password", "kernel.password_too_common"),
        (" koperasi ", "kernel.password_too_common"),
        ("aaaaaaaaaa", "kernel.password_too_common"),
        ("081234567890", "kernel.password_is_phone"),
        ("+62 812-3456-7890", "kernel.password_is_phone"),
    ],
)
def test_the_worst_are_refused(password: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        passwords.check_password(password, phone_number="0812 3456 7890")
    assert (refused.value.code, refused.value.status) == (code, 422)


@pytest.mark.parametrize("password", [GOOD, "89765432", "081234567891", "kata sandi panjang"])
def test_others_pass(password: str) -> None:
    passwords.check_password(password, phone_number="0812 3456 7890")
    passwords.check_password(password)
