"""A fake Midtrans: Snap pages, transaction status, expire, cancel, refund, and signed notifications.

`FakeMidtrans(server_key=…)` is an ASGI app by `.app`. A test pays without a browser by `await
fake.pay(order_id)`. It rejects what the real API rejects; amounts are text with two decimals; times are WIB
without a time zone.
"""

from __future__ import annotations

import hashlib
import html
import secrets
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import httpx

from fakes.fake_server import (
    FakeResponse,
    FakeServer,
    Request,
    buttons,
    json_response,
    page,
    redirect,
    rupiah,
)
from fakes.midtrans_orders import MidtransError, MidtransOrder, parse_order

WIB = timezone(timedelta(hours=7))
REFUNDABLE = frozenset({"qris", "gopay", "shopeepay", "credit_card"})
CODES = {"pending": "201", "deny": "202", "expire": "407"}
MESSAGES = {
    "401": "Access denied due to unauthorized transaction, please check client or server key",
    "404": "Transaction doesn't exist.",
    "412": "Merchant cannot modify the status of the transaction",
}


class FakeMidtrans(FakeServer):
    """A fake Midtrans server.

    ``notification_url`` is the dashboard's setting; a request's own header takes precedence.
    """

    name = "Midtrans"

    def __init__(
        self,
        *,
        server_key: str = "SB-Mid-server-tiruan",
        notification_url: str | None = None,
        listener: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(listener)
        self.server_key = server_key
        self.notification_url = notification_url
        self.orders: dict[str, MidtransOrder] = {}
        self.tokens: dict[str, str] = {}
        self.route("POST", "/snap/v1/transactions", self._create)
        self.route("GET", "/snap/v4/redirection/{token}", self._show_page, api=False)
        self.route("POST", "/snap/v4/redirection/{token}", self._submit_page, api=False)
        self.route("GET", "/v2/{order_id}/status", self._status)
        for verb in ("cancel", "expire", "refund"):
            self.route("POST", f"/v2/{{order_id}}/{verb}", self._change)
        self.route("POST", "/v2/{order_id}/refund/online/direct", self._change)

    # actions of buyers, time and banks

    async def choose(self, order_id: str, payment_type: str = "bca_va") -> MidtransOrder:
        """Choose a channel for the buyer, such as a virtual account with its number: pending."""
        order = self.orders[order_id]
        order.chosen_at = self.now()
        if payment_type == "qris":
            order.payment_type = "qris"
        else:
            order.payment_type, order.bank = "bank_transfer", payment_type.removesuffix("_va")
            order.va_number = f"8808{secrets.randbelow(10**10):010}"
        await self._set_status(order, "pending")
        return order

    async def pay(
        self, order_id: str, payment_type: str = "qris", *, amount: int | None = None
    ) -> MidtransOrder:
        """Pay the order's amount or the given one; chooses a channel first if none was."""
        order = self.orders[order_id]
        if not order.status:
            await self.choose(order_id, payment_type)
        if amount is not None:
            order.amount = amount
        order.settled_at = self.now()
        await self._set_status(order, "settlement")
        return order

    async def capture(self, order_id: str, fraud: str = "accept") -> MidtransOrder:
        """Charge a card; ``fraud`` is accept, challenge or deny."""
        order = self.orders[order_id]
        order.chosen_at, order.payment_type, order.fraud = self.now(), "credit_card", fraud
        await self._set_status(order, "capture")
        return order

    async def set_status(self, order_id: str, status: str) -> MidtransOrder:
        """Set any other status: deny, cancel, expire, chargeback, settlement."""
        order = self.orders[order_id]
        order.chosen_at = order.chosen_at or self.now()
        await self._set_status(order, status)
        return order

    async def refund(self, order_id: str, amount: int, key: str, reason: str = "") -> MidtransOrder:
        """Refund, as by the API or in the dashboard."""
        order = self.orders[order_id]
        refund = {
            "refund_chargeback_id": len(order.refunds) + 1,
            "refund_amount": f"{amount}.00",
            "created_at": _format_wib(self.now()),
            "reason": reason,
            "refund_key": key,
            "refund_method": "normal",
        }
        order.refunds.append(refund)
        await self._set_status(order, "refund" if order.refunded >= order.amount else "partial_refund")
        return order

    # notifications

    def notification(
        self, order: MidtransOrder, *, amount: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """Return the notification of an order's status; ``amount`` and ``key`` make it invalid."""
        body = {**self._status_body(order), "notification_time": _format_wib(self.now())}
        if amount is not None:
            body["gross_amount"] = amount
        signed = f"{body['order_id']}{body['status_code']}{body['gross_amount']}{key or self.server_key}"
        return {**body, "signature_key": hashlib.sha512(signed.encode()).hexdigest()}

    async def _set_status(self, order: MidtransOrder, status: str) -> None:
        order.status = status
        wrong = self.faults.messages
        body = self.notification(
            order,
            amount=f"{order.amount + 1}.00" if "wrong amount" in wrong else None,
            key="kunci palsu" if "forged" in wrong else None,
        )
        for address in order.listeners or ((self.notification_url,) if self.notification_url else ()):
            await self.send(address, {"user-agent": "Veritrans"}, json_response(200, body).body)

    def _status_body(self, order: MidtransOrder) -> dict[str, Any]:
        code = CODES.get(order.status, "200")
        body: dict[str, Any] = {
            "status_code": code,
            "status_message": "Success, transaction is found" if code != "407" else "Transaction is expired",
            "transaction_id": order.transaction_id,
            "order_id": order.order_id,
            "merchant_id": "G000000000",
            "payment_type": order.payment_type,
            "transaction_time": _format_wib(order.chosen_at or self.now()),
            "transaction_status": order.status,
            "fraud_status": order.fraud,
            "gross_amount": f"{order.amount}.00",
            "currency": "IDR",
            "expiry_time": _format_wib(order.expires_at),
        }
        if order.settled_at is not None:
            body["settlement_time"] = _format_wib(order.settled_at)
        if order.bank:
            body["va_numbers"] = [{"bank": order.bank, "va_number": order.va_number}]
        if order.refunds:
            body |= {"refunds": order.refunds, "refund_amount": f"{order.refunded}.00"}
            body["refund_key"] = order.refunds[-1]["refund_key"]
        return body

    # the API

    async def _create(self, request: Request) -> FakeResponse:
        if request.api_key() != self.server_key:
            return json_response(401, {"error_messages": [MESSAGES["401"]]})
        try:
            asked = request.json()
            order = parse_order(asked, request, self.now())
        except ValueError:
            return json_response(400, {"error_messages": ["There was a problem in the JSON you submitted"]})
        except MidtransError as refused:
            return json_response(refused.status, {"error_messages": list(refused.message)})
        known = self.orders.get(order.order_id)
        if known is not None and known.status not in {"", "expire", "cancel"}:
            return json_response(400, {"error_messages": ["transaction_details.order_id sudah digunakan"]})
        self.orders[order.order_id] = order
        token = str(uuid.uuid4())
        self.tokens[token] = order.order_id
        address = f"http://{request.headers.get('host', '127.0.0.1')}/snap/v4/redirection/{token}"
        return json_response(201, {"token": token, "redirect_url": address})

    async def _find(self, request: Request) -> MidtransOrder:
        if request.api_key() != self.server_key:
            raise MidtransError(401, MESSAGES["401"])
        order = self.orders.get(request.parts["order_id"])
        if order is None or not order.status:
            raise MidtransError(404, MESSAGES["404"])
        if order.status == "pending" and order.expires_at <= self.now():
            await self._set_status(order, "expire")
        return order

    async def _status(self, request: Request) -> FakeResponse:
        try:
            return json_response(200, self.notification(await self._find(request)))
        except MidtransError as refused:
            return _error_response(refused)

    async def _change(self, request: Request) -> FakeResponse:
        verb = request.path.split("/")[3]
        try:
            order = await self._find(request)
            if verb == "refund":
                await self._refund(order, request.json())
            elif verb == "expire" and order.status == "pending":
                await self._set_status(order, "expire")
            elif verb == "cancel" and order.status in {"pending", "capture"}:
                await self._set_status(order, "cancel")
            else:
                raise MidtransError(412, MESSAGES["412"])
        except MidtransError as refused:
            return _error_response(refused)
        return json_response(
            200, {**self._status_body(order), "status_code": "200", "status_message": f"Success, {verb}"}
        )

    async def _refund(self, order: MidtransOrder, asked: dict[str, Any]) -> None:
        amount, key = asked.get("amount", order.amount), asked.get("refund_key", "")
        if order.status not in {"settlement", "partial_refund"} or order.payment_type not in REFUNDABLE:
            raise MidtransError(412, MESSAGES["412"])
        if any(refund["refund_key"] == key for refund in order.refunds):
            raise MidtransError(406, "Duplicate refund_key")
        if not isinstance(amount, int) or not 0 < amount <= order.amount - order.refunded:
            raise MidtransError(414, "Refund amount exceeds the remaining amount")
        await self.refund(order.order_id, amount, key, str(asked.get("reason", "")))

    # the page

    async def _show_page(self, request: Request) -> FakeResponse:
        order = self.orders.get(self.tokens.get(request.parts["token"], ""))
        if order is None:
            return json_response(404, {"error_messages": ["token not found"]})
        params = (
            f"<p>{html.escape(order.name)} · "
            f"{html.escape(order.order_id)}<br><strong>{rupiah(order.amount)}</strong></p>"
        )
        if order.status in {"", "pending"} and order.expires_at > self.now():
            choices = {"qris": "Bayar dengan QRIS", "va": "Minta nomor rekening virtual BCA"}
            if order.bank:
                params += f"<p>Rekening virtual {order.bank.upper()}: <strong>{order.va_number}</strong></p>"
                choices = {"paid": "Uangnya sudah ditransfer"}
            choices |= {"fail": "Pembayaran ditolak", "leave": "Tinggalkan halaman ini"}
            params += buttons(request.path, choices)
        else:
            params += (
                f"<p>Status: {html.escape(order.status or 'expire')}</p><p><a "
                f'href="{html.escape(order.finish)}">Kembali</a></p>'
            )
        return page("Midtrans", params)

    async def _submit_page(self, request: Request) -> FakeResponse:
        order = self.orders[self.tokens[request.parts["token"]]]
        choice = request.form().get("choice", "leave")
        if choice == "va":
            await self.choose(order.order_id)
            return redirect(request.path)
        if order.status in {"", "pending"} and order.expires_at > self.now():
            if choice in {"qris", "paid"}:
                await self.pay(order.order_id)
            elif choice == "fail":
                await self.set_status(order.order_id, "deny")
        return redirect(_return_url(order) if order.finish else request.path)


def _return_url(order: MidtransOrder) -> str:
    """Return the URL to which the buyer returns, with the parameters that Snap adds; they prove nothing."""
    body = {
        "order_id": order.order_id,
        "status_code": CODES.get(order.status, "200"),
        "transaction_status": order.status,
    }
    return f"{order.finish}{'&' if '?' in order.finish else '?'}{urlencode(body)}"


def _error_response(refused: MidtransError) -> FakeResponse:
    body = {"status_code": str(refused.status), "status_message": str(refused), "id": str(uuid.uuid4())}
    # the real API returns 404 and 401 by HTTP as well, and other errors often inside a 200
    return json_response(refused.status if refused.status in {401, 404} else 200, body)


def _format_wib(moment: datetime) -> str:
    return f"{moment.astimezone(WIB):%Y-%m-%d %H:%M:%S}"
