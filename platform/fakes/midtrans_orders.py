"""Orders of the fake Midtrans: the parameters that Snap accepts and rejects."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fakes.fake_server import Request

CHANNELS = frozenset(
    {
        *("credit_card", "gopay", "shopeepay", "other_qris", "dana", "ovo"),
        *(
            "bca_va",
            "bni_va",
            "bri_va",
            "echannel",
            "permata_va",
            "cimb_va",
            "danamon_va",
            "bsi_va",
            "other_va",
        ),
        *("indomaret", "alfamart", "akulaku", "kredivo"),
    }
)
UNITS = {"second": 1, "minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400, "days": 86400}


class MidtransError(Exception):
    """An error of the API: Snap returns it in a list, other calls in a status."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.status, self.message = status, messages


@dataclass
class MidtransOrder:
    """An order id and its status.

    ``status`` is empty until the buyer has chosen a channel on one of its pages.
    """

    order_id: str
    amount: int
    name: str
    expires_at: datetime
    finish: str = ""
    listeners: tuple[str, ...] = ()
    transaction_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = ""
    fraud: str = "accept"
    payment_type: str = ""
    bank: str = ""
    va_number: str = ""
    chosen_at: datetime | None = None
    settled_at: datetime | None = None
    refunds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(int(refund["refund_amount"].partition(".")[0]) for refund in self.refunds)


def parse_order(asked: dict[str, Any], request: Request, now: datetime) -> MidtransOrder:
    """Validate an order as the real API does. Raises MidtransError."""
    details = asked.get("transaction_details") or {}
    order_id, amount = details.get("order_id"), details.get("gross_amount")
    if not isinstance(order_id, str) or not order_id:
        raise MidtransError(400, "transaction_details.order_id is required")
    if len(order_id) > 50 or not re.fullmatch(r"[A-Za-z0-9._~-]+", order_id):
        raise MidtransError(400, "transaction_details.order_id is not valid")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise MidtransError(400, "transaction_details.gross_amount must be an integer")
    if amount < 1:
        raise MidtransError(400, "transaction_details.gross_amount must be greater than or equal to 0.01")
    items = asked.get("item_details") or []
    if items and sum(item["price"] * item["quantity"] for item in items) != amount:
        raise MidtransError(400, "transaction_details.gross_amount is not equal to the sum of item_details")
    if any(len(item["name"]) > 50 for item in items):
        raise MidtransError(400, "item_details.name too long, max length 50")
    if set(asked.get("enabled_payments") or []) - CHANNELS:
        raise MidtransError(400, "enabled_payments is not valid")
    listeners = tuple(part for part in request.headers.get("x-override-notification", "").split(",") if part)
    if len(listeners) > 3:
        raise MidtransError(400, "X-Override-Notification takes three addresses at most")
    buyer = asked.get("customer_details") or {}
    return MidtransOrder(
        order_id=order_id,
        amount=amount,
        name=str(buyer.get("first_name", "")),
        expires_at=_end(asked, now),
        finish=str((asked.get("callbacks") or {}).get("finish", "")),
        listeners=listeners,
    )


def _end(asked: dict[str, Any], now: datetime) -> datetime:
    expiry = asked.get("expiry")
    if expiry is None:
        return now + timedelta(hours=24)
    start = datetime.strptime(expiry["start_time"], "%Y-%m-%d %H:%M:%S %z") if "start_time" in expiry else now
    if (
        expiry.get("unit") not in UNITS
        or not isinstance(expiry.get("duration"), int)
        or expiry["duration"] < 1
    ):
        raise MidtransError(400, "expiry is not valid")
    return start + timedelta(seconds=expiry["duration"] * UNITS[expiry["unit"]])
