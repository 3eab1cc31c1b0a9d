"""The account of the fake Xendit: its movements, page by page, and its balance."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

SETTLES_AFTER = timedelta(days=2)
PAGE = 10


@dataclass
class AccountTransaction:
    """One movement. ``amount`` is never negative: ``cashflow`` is its direction."""

    id: str
    type: str
    amount: int
    cashflow: str
    at: datetime
    reference: str = ""
    channel: str = ""
    fee: int = 0
    tax: int = 0
    settles_at: datetime | None = None
    status: str = "SUCCESS"

    @property
    def total_fee(self) -> int:
        return self.fee + self.tax

    @property
    def net(self) -> int:
        return self.amount - self.total_fee if self.cashflow == "MONEY_IN" else -self.amount - self.total_fee

    def settlement(self, now: datetime) -> str | None:
        if self.settles_at is None:
            return None
        return "SETTLED" if self.settles_at <= now else "PENDING"

    def to_json(self, now: datetime) -> dict[str, Any]:
        return {
            "id": self.id,
            "product_id": "prod",
            "type": self.type,
            "status": self.status,
            "channel_category": "QR_CODE" if self.channel == "QRIS" else "BANK",
            "channel_code": self.channel or None,
            "reference_id": self.reference or None,
            "account_identifier": None,
            "currency": "IDR",
            "amount": self.amount,
            "net_amount": abs(self.net),
            "cashflow": self.cashflow,
            "settlement_status": self.settlement(now),
            "estimated_settlement_time": iso(self.settles_at) if self.settles_at else None,
            "business_id": "5fc9f5b246f820517e38c84d",
            "created": iso(self.at),
            "updated": iso(self.at),
            "fee": {
                "xendit_fee": self.fee,
                "value_added_tax": self.tax,
                "xendit_withholding_tax": 0,
                "third_party_withholding_tax": 0,
                "status": "COMPLETED",
            },
        }


@dataclass
class XenditAccount:
    movements: list[AccountTransaction] = field(default_factory=list)
    holding: int = 0

    def credit(self, amount: int, channel: str, reference: str, now: datetime) -> AccountTransaction:
        fee, tax = fees(channel, amount)
        return self._add(
            AccountTransaction(
                _id(), "PAYMENT", amount, "MONEY_IN", now, reference, channel, fee, tax, now + SETTLES_AFTER
            )
        )

    def debit(self, kind: str, amount: int, now: datetime, reference: str = "") -> AccountTransaction:
        return self._add(AccountTransaction(_id(), kind, amount, "MONEY_OUT", now, reference))

    def page(self, query: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """Return one page, newest first, after the given row."""
        since = datetime.fromisoformat(query.get("created[gte]", "2000-01-01T00:00:00Z"))
        until = datetime.fromisoformat(query.get("created[lte]", "2100-01-01T00:00:00Z"))
        found = [each for each in reversed(self.movements) if since <= each.at <= until]
        start = next((at + 1 for at, each in enumerate(found) if each.id == query.get("after_id")), 0)
        end = start + min(int(query.get("limit", str(PAGE))), 50)
        return {
            "has_more": end < len(found),
            "data": [each.to_json(now) for each in found[start:end]],
            "links": [],
        }

    def balance(self, kind: str, now: datetime) -> int:
        if kind != "CASH":
            return self.holding if kind == "HOLDING" else 0
        counted = [
            each for each in self.movements if each.status == "SUCCESS" and each.settlement(now) != "PENDING"
        ]
        return sum(each.net for each in counted) - self.holding

    def _add(self, movement: AccountTransaction) -> AccountTransaction:
        self.movements.append(movement)
        return movement


def fees(channel: str, amount: int) -> tuple[int, int]:
    """Return the fee and its tax in whole rupiah.

    Seven per mille of a QRIS payment without tax; Rp4.000 and 11 % tax for a virtual account.
    """
    return ((amount * 7 + 500) // 1000, 0) if channel == "QRIS" else (4_000, 440)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id() -> str:
    return f"txn_{secrets.token_hex(16)}"


class XenditApiError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class FakeInvoice:
    id: str
    external_id: str
    amount: int
    created: datetime
    expires_at: datetime
    name: str
    success: str
    failure: str
    channels: tuple[str, ...]
    status: str = "PENDING"
    paid_amount: int | None = None
    paid_at: datetime | None = None
    channel: str = ""
    payment_id: str = ""
    fee: int = 0


def invalid_request(message: str) -> XenditApiError:
    """Return the error of a request that the API does not accept."""
    return XenditApiError(400, "API_VALIDATION_ERROR", message)
