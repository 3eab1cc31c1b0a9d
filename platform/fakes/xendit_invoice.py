"""An invoice of the Xendit fake, and the errors of its API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
