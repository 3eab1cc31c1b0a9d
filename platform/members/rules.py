"""Rules of the register and of the door: numbers, codes, waits, ways back. Nothing here asks a clock or a database."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec

from kernel import phone
from kernel.errors import Refusal

MEMBER_SESSION: Final = timedelta(days=30)
OFFICER_SESSION: Final = timedelta(hours=12)
CODE_LASTS: Final = timedelta(days=14)

FREE_TRIES: Final = 5
FIRST_WAIT: Final = timedelta(minutes=1)
# Long enough to make guessing hopeless, short enough that nobody can shut a neighbour out for a day.
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGIVEN_AFTER: Final = timedelta(hours=24)

# No vowels (no words), and none of 0/O, 1/I/L, 2/Z, 5/S, 8/B: read aloud over a counter, typed by someone else.
CODE_LETTERS: Final = "CDFGHJKMNPQRTVWXY34679"
CODE_LENGTH: Final = 8
FIRST_NUMBER: Final = "0001"
LONGEST_NUMBER: Final = 18
_NUMBER: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z./-]*[0-9A-Za-z])?")


class Tries(msgspec.Struct, frozen=True):
    """Attempts at one door under one key: how many, and until when the next must wait (or, while still free, when they are forgotten)."""

    count: int
    until: datetime


def next_try(tries: Tries, now: datetime) -> Tries | None:
    """Count one more guess at one identity; None when it must wait. Five are free, then each waits twice as long as the one before."""
    if tries.count < FREE_TRIES:
        count = 1 if tries.until <= now else tries.count + 1
    elif tries.until > now:
        return None
    else:
        count = 1 if tries.until + FORGIVEN_AFTER <= now else tries.count + 1
    if count < FREE_TRIES:
        return Tries(count, now + FORGIVEN_AFTER)
    doublings = min(count - FREE_TRIES, 10)
    return Tries(count, now + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


def next_in_window(tries: Tries, now: datetime, limit: int, window: timedelta) -> Tries | None:
    """Count one more attempt from one network; None when the window has seen ``limit`` of them."""
    if tries.until <= now:
        return Tries(1, now + window)
    return None if tries.count >= limit else Tries(tries.count + 1, tries.until)


def minutes_until(moment: datetime, now: datetime) -> int:
    """Whole minutes to wait, rounded up, at least one."""
    return max(1, -(-int((moment - now).total_seconds()) // 60))


def network_of(client_ip: str) -> str:
    """The address that counts as one visitor: an IPv4 address, or the /64 that one IPv6 household has to itself."""
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return client_ip
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def throttle_key(door: str, whom: str) -> str:
    """The key that the database keeps: who tried is hashed, a list of failed sign-ins must not be a list of phone numbers."""
    return f"{door}:{hashlib.sha256(whom.encode()).hexdigest()[:32]}"


def phone_or_none(text: str) -> str | None:
    """The mobile number in E.164 if the text is one."""
    try:
        return phone.mobile(text)
    except Refusal:
        return None


def plain_identity(text: str) -> str:
    """What someone typed as phone or member number, in the one form that tries are counted under."""
    return phone_or_none(text) or text.strip().casefold()


def new_code() -> str:
    """A new activation code: 8 letters and digits, 35 bits, useless for guessing behind the throttle and argon2id."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def shown_code(code: str) -> str:
    """With a dash in the middle: CDFG3467 becomes CDFG-3467."""
    return f"{code[:4]}-{code[4:]}"


def plain_code(typed: str) -> str:
    """The code as it was made, however it was typed."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def is_plain_number(text: str) -> bool:
    """Whether this can be a member's number: it stands on cards and in addresses."""
    return len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


def number_after(largest: str | None) -> str:
    """The next free member number: one more than the largest numeric one, as wide as that."""
    if largest is None:
        return FIRST_NUMBER
    return str(int(largest) + 1).zfill(len(largest))


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for letters' case and spaces."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def may_give_code(actor_role: str | None, target_role: str | None) -> bool:
    """Whether an officer may give somebody a new code: to any member; to a fellow officer only as ketua, else a kasir could become one."""
    return target_role is None or actor_role == "ketua"
