"""Injected faults: rare failures of payments, produced on demand, n times or until cleared."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

# faults of a request; matched against "POST /v1/checkout/sessions"
ERROR_500 = "error_500"  # responds 500, and nothing was done
# the work is done, but the response is 500 (repeated by the idempotency key)
ERROR_500_AFTER = "error_500_after"
TIME_OUT = "time_out"  # no response, and nothing was done
TIME_OUT_AFTER = "time_out_after"  # no response, but the work is done
HANG_UP = "hang_up"  # the connection breaks, and nothing was done
RATE_LIMIT = "rate_limit"  # 429
# faults of a webhook delivery; matched against the type of the event
TWICE = "twice"
LATE = "late"  # details: seconds (default one hour)
OUT_OF_ORDER = "out_of_order"  # waits until the next event is delivered
LOST = "lost"  # never delivered; the event can still be listed
FORGED = "forged"  # signed with another secret; a retry is signed correctly
TAMPERED = "tampered"  # the body is changed after signing
WRONG_AMOUNT = "wrong_amount"  # signed correctly, but with another amount; details: amount
WRONG_CURRENCY = "wrong_currency"  # details: currency (default usd)
WRONG_ACCOUNT = "wrong_account"  # names another account; details: account
# faults of a response to a read; matched against the object's kind, such as "checkout.session"
ANSWERS_AMOUNT = "answers_amount"  # details: amount
ANSWERS_CURRENCY = "answers_currency"  # details: currency
# faults of money; matched against the payment method, or the object's kind
FEE_LATER = "fee_later"  # the charge has no balance transaction at first; details: seconds (default 10)
ODD_FEE = "odd_fee"  # the fee is not a whole rupiah
REFUND_PENDING = "refund_pending"  # details: seconds (default one day)
REFUND_FAILS = "refund_fails"
PAYOUT_FAILS = "payout_fails"

KINDS = frozenset(
    value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str)
)


@dataclass
class Fault:
    kind: str
    times: int | None = 1  # None: until cleared
    only: str = "*"  # a pattern, as for file names
    details: dict[str, Any] = field(default_factory=dict)
    occurrences: int = 0


class Faults:
    """The pending faults."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.happened: list[tuple[str, str]] = []

    def add(self, kind: str, times: int | None = 1, only: str = "*", **details: Any) -> Fault:
        """Inject a fault for the next ``times`` matches of ``only`` (see the list of kinds).

        Raises ValueError for an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted(KINDS))}")
        fault = Fault(kind, times, only, details)
        self.waiting.append(fault)
        return fault

    def take(self, kind: str, subject: str) -> Fault | None:
        """Return the fault for ``subject``, if any, and count it."""
        for fault in self.waiting:
            if fault.kind == kind and fnmatchcase(subject, fault.only):
                fault.occurrences += 1
                self.happened.append((kind, subject))
                if fault.times is not None and fault.occurrences >= fault.times:
                    self.waiting.remove(fault)
                return fault
        return None

    def clear(self, kind: str | None = None) -> None:
        self.waiting = [fault for fault in self.waiting if kind is not None and fault.kind != kind]
