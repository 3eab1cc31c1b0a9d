"""Hash and check passwords with argon2id in threads, and refuse the worst passwords.

Hashing takes a processor core and 19 MiB for tens of milliseconds. A small thread pool of its own does it, so
that many simultaneous sign-ins do not delay other pages.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel import phone
from kernel.errors import DomainError, ErrorType

T = TypeVar("T")

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 200

PASSWORD_TOO_SHORT = ErrorType(
    "kernel.password_too_short",
    422,
    "Kata sandi terlalu pendek. Pakai paling sedikit {minimum} huruf atau angka.",
)
PASSWORD_TOO_LONG = ErrorType(
    "kernel.password_too_long",
    422,
    "Kata sandi terlalu panjang. Paling banyak {longest} huruf.",
)
PASSWORD_TOO_COMMON = ErrorType(
    "kernel.password_too_common",
    422,
    "Kata sandi ini terlalu mudah ditebak. Pilih yang lain, misalnya tiga kata yang tidak berhubungan.",
)
PASSWORD_IS_PHONE = ErrorType(
    "kernel.password_is_phone",
    422,
    "Nomor HP tidak boleh dipakai sebagai kata sandi.",
)

# OWASP's second choice for argon2id: 19 MiB, two passes, one lane.
_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_threads: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
# A hash for `verify_dummy`, made with the parameters above; no password matches it.
_DUMMY_HASH: Final = _hasher.hash("\0 nobody has this password")

_COMMON_PASSWORDS: Final = frozenset(
    """
    12345678 123456789 1234567890 0123456789 87654321 987654321 11111111 00000000 88888888 99999999
    12341234 11223344 12344321 password password1 password123 passw0rd qwertyui qwerty123 qwertyuiop
    1q2w3e4r 1qaz2wsx abcd1234 abc12345 abcdefgh iloveyou sayangku sayang123 cintaku1 indonesia indonesia1
    merdeka45 bismillah bismillah1 alhamdulillah rahasia1 rahasia123 katasandi katasandi1 koperasi
    koperasi1 koperasi123 anggota1 anggota123 pengurus pengurus1 bendahara admin123 admin1234
    administrator lumbung1 lumbung123 merahputih doraemon jakarta1 persib1933 garuda45 semangat terserah
    akucinta akusayang
    """.split()  # noqa: SIM905 - a block of words reads better than sixty quoted ones
)


def check_password(password: str, *, phone_number: str | None = None) -> None:
    """Raise a DomainError (422) for a password that is too short, too long, or easy to guess.

    Easy to guess are very common passwords, one repeated character, and the person's own phone number.
    """
    if len(password) < MIN_LENGTH:
        raise PASSWORD_TOO_SHORT(minimum=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise PASSWORD_TOO_LONG(longest=MAX_LENGTH)
    if password.strip().lower() in _COMMON_PASSWORDS or len(set(password)) == 1:
        raise PASSWORD_TOO_COMMON()
    if phone_number is not None and _same_phone(password, phone_number):
        raise PASSWORD_IS_PHONE()


async def hash_password(password: str) -> str:
    """Return the argon2id hash to store. Call `check_password` first."""
    return await _run_in_thread(_hash, password)


async def verify_password(stored_hash: str, password: str) -> bool:
    """Return whether the password matches the stored hash. A damaged hash matches nothing."""
    return await _run_in_thread(_matches, stored_hash, password)


async def verify_dummy(password: str) -> None:
    """Take as long as a real check, so that the response time does not reveal whether an account exists."""
    await _run_in_thread(_matches, _DUMMY_HASH, password)


def needs_rehash(stored_hash: str) -> bool:
    """Return whether the hash was made with former parameters; then hash again at the next sign-in."""
    return _hasher.check_needs_rehash(stored_hash)


def _hash(password: str) -> str:
    return _hasher.hash(password)


def _matches(stored_hash: str, password: str) -> bool:
    if len(password) > MAX_LENGTH:
        return False
    try:
        return _hasher.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _same_phone(password: str, phone_number: str) -> bool:
    try:
        return phone.parse_mobile(password) == phone.parse_mobile(phone_number)
    except DomainError:
        return False


async def _run_in_thread(function: Callable[..., T], *arguments: str) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)
