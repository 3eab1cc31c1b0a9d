"""A fake Xendit: invoices with a page, refunds, movements and balances, and callbacks with a token.

`FakeXendit(secret_key=…, callback_token=…)` is an ASGI app by `.app`. A test pays without a browser by `await
fake.pay(invoice_id)`. Like the real one it accepts any number of invoices for one external id, signs nothing,
and settles some days after payment.
"""

from __future__ import annotations

import html
import json
import secrets
from datetime import timedelta
from typing import Any

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
from fakes.xendit_account import (
    SETTLES_AFTER,
    AccountTransaction,
    FakeInvoice,
    XenditAccount,
    XenditApiError,
    invalid_request,
    iso,
)

CHANNELS = frozenset(
    {
        *("QRIS", "BCA", "BNI", "BRI", "MANDIRI", "PERMATA", "BSI", "CIMB", "BJB", "BSS"),
        *("OVO", "DANA", "SHOPEEPAY", "LINKAJA", "ASTRAPAY", "CREDIT_CARD", "ALFAMART", "INDOMARET"),
    }
)
REASONS = frozenset({"FRAUDULENT", "DUPLICATE", "REQUESTED_BY_CUSTOMER", "CANCELLATION", "OTHERS"})
QRIS_MAX_AMOUNT = 10_000_000


class FakeXendit(FakeServer):
    """A fake Xendit server. ``callback_url`` is the dashboard's setting."""

    name = "Xendit"

    def __init__(
        self,
        *,
        secret_key: str = "xnd_development_tiruan",
        callback_token: str = "token-tiruan",
        callback_url: str | None = None,
        listener: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(listener)
        self.secret_key, self.callback_token, self.callback_url = secret_key, callback_token, callback_url
        self.invoices: dict[str, FakeInvoice] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.account = XenditAccount()
        self.refund_outcome = "SUCCEEDED"
        self._by_key: dict[str, tuple[bytes, str]] = {}
        self.route("POST", "/v2/invoices", self._guard(self._create))
        self.route("GET", "/v2/invoices", self._guard(self._list))
        self.route("GET", "/v2/invoices/{id}", self._guard(self._read))
        self.route("POST", "/invoices/{id}/expire!", self._guard(self._expire))
        self.route("POST", "/refunds", self._guard(self._create_refund))
        self.route("GET", "/refunds", self._guard(self._list_refunds))
        self.route("GET", "/refunds/{id}", self._guard(self._read_refund))
        self.route("GET", "/transactions", self._guard(self._movements))
        self.route("GET", "/balance", self._guard(self._balance))
        self.route("POST", "/_control/callback", self._set_callback_url, api=False)
        self.route("GET", "/web/{id}", self._show_page, api=False)
        self.route("POST", "/web/{id}", self._submit_page, api=False)

    # actions of buyers, time and banks

    def invoice_of(self, external_id: str) -> FakeInvoice:
        """Return the newest invoice of a reference."""
        return next(each for each in reversed(self.invoices.values()) if each.external_id == external_id)

    async def pay(self, invoice_id: str, channel: str = "QRIS", *, amount: int | None = None) -> FakeInvoice:
        """Pay the invoice's amount or the given one. ``invoice_id`` may be the external id too."""
        invoice = self.invoices.get(invoice_id) or self.invoice_of(invoice_id)
        invoice.status, invoice.channel, invoice.paid_at = "PAID", channel, self.now()
        invoice.paid_amount = invoice.amount if amount is None else amount
        invoice.payment_id = f"qrpy_{secrets.token_hex(8)}" if channel == "QRIS" else secrets.token_hex(12)
        movement = self.account.credit(invoice.paid_amount, channel, invoice.external_id, self.now())
        invoice.fee = movement.total_fee
        await self._send_callback(self.callback(invoice))
        return invoice

    async def expire(self, invoice_id: str) -> FakeInvoice:
        invoice = self.invoices[invoice_id]
        invoice.status = "EXPIRED"
        await self._send_callback(self.callback(invoice))
        return invoice

    def withdraw(self, amount: int) -> AccountTransaction:
        """Withdraw money to the cooperative's bank."""
        return self.account.debit("WITHDRAWAL", amount, self.now())

    async def settle_refund(self, refund_id: str, outcome: str = "SUCCEEDED") -> None:
        """Complete a pending refund."""
        refund = self.refunds[refund_id]
        refund["status"] = outcome
        refund["failure_code"] = "INSUFFICIENT_BALANCE" if outcome == "FAILED" else None
        await self._finish_refund(refund)

    # callbacks

    def callback(self, invoice: FakeInvoice) -> dict[str, Any]:
        """Return the callback of a paid or expired invoice."""
        body = {
            **self._serialize_invoice(invoice),
            "is_high": False,
            "payment_destination": "8808123456" if invoice.channel not in {"", "QRIS"} else "",
            "payment_id": invoice.payment_id or None,
        }
        if "wrong amount" in self.faults.messages and invoice.paid_amount is not None:
            body["paid_amount"] = invoice.paid_amount + 1
        return body

    async def _send_callback(self, body: dict[str, Any]) -> None:
        if self.callback_url is not None:
            token = "token-palsu" if "forged" in self.faults.messages else self.callback_token
            headers = {"x-callback-token": token, "webhook-id": secrets.token_hex(16)}
            await self.send(self.callback_url, headers, json.dumps(body).encode())

    def _serialize_invoice(self, invoice: FakeInvoice) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": invoice.id,
            "external_id": invoice.external_id,
            "user_id": "5fc9f5b246f820517e38c84d",
            "status": invoice.status,
            "merchant_name": "Koperasi",
            "amount": invoice.amount,
            "expiry_date": iso(invoice.expires_at),
            "created": iso(invoice.created),
            "updated": iso(self.now()),
            "currency": "IDR",
        }
        if invoice.paid_at is not None:
            body |= {
                "payment_method": "QR_CODE" if invoice.channel == "QRIS" else "BANK_TRANSFER",
                "payment_channel": invoice.channel,
                "paid_amount": invoice.paid_amount,
                "paid_at": iso(invoice.paid_at),
                "adjusted_received_amount": (invoice.paid_amount or 0) - invoice.fee,
                "fees_paid_amount": 0,
            }
        return body

    # the API: invoices

    def _guard(self, handler: Any) -> Any:
        async def guarded(request: Request) -> FakeResponse:
            if request.api_key() != self.secret_key:
                error = {"error_code": "INVALID_API_KEY", "message": "API key format is invalid"}
                return json_response(401, error)
            try:
                return await handler(request)  # type: ignore[no-any-return]
            except XenditApiError as refused:
                return json_response(refused.status, {"error_code": refused.code, "message": str(refused)})
            except ValueError:
                return json_response(
                    400, {"error_code": "INVALID_JSON_FORMAT", "message": "The request is not JSON"}
                )

        return guarded

    async def _create(self, request: Request) -> FakeResponse:
        asked = request.json()
        amount, external_id = asked.get("amount"), asked.get("external_id")
        if not isinstance(external_id, str) or not external_id:
            raise invalid_request("external_id is required")
        if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1:
            raise XenditApiError(
                400, "MAX_DECIMAL_EXCEEDED", "amount must be a whole number of rupiah above 0"
            )
        if asked.get("currency", "IDR") != "IDR":
            raise XenditApiError(400, "UNSUPPORTED_CURRENCY", "The currency is not supported")
        lasts = asked.get("invoice_duration", 86_400)
        if not isinstance(lasts, int) or not 1 <= lasts <= 31_536_000:
            raise invalid_request("invoice_duration must be between 1 and 31536000 seconds")
        channels = tuple(asked.get("payment_methods") or ())
        if set(channels) - CHANNELS:
            raise XenditApiError(
                400, "UNAVAILABLE_PAYMENT_METHOD_ERROR", "The payment method choices did not match"
            )
        if channels == ("QRIS",) and amount > QRIS_MAX_AMOUNT:
            raise XenditApiError(400, "MAXIMUM_TRANSFER_LIMIT_ERROR", "QRIS takes Rp10,000,000 at most")
        now = self.now()
        invoice = FakeInvoice(
            id=secrets.token_hex(12),
            external_id=external_id,
            amount=amount,
            created=now,
            expires_at=now + timedelta(seconds=lasts),
            name=str((asked.get("customer") or {}).get("given_names", "")),
            success=str(asked.get("success_redirect_url", "")),
            failure=str(asked.get("failure_redirect_url", "")),
            channels=channels,
        )
        self.invoices[invoice.id] = invoice
        return json_response(200, self._invoice_response(invoice, request))

    async def _list(self, request: Request) -> FakeResponse:
        wanted = request.query.get("external_id")
        found = [each for each in self.invoices.values() if wanted in {None, each.external_id}]
        return json_response(200, [self._invoice_response(each, request) for each in reversed(found)])

    async def _read(self, request: Request) -> FakeResponse:
        return json_response(200, self._invoice_response(self._invoice(request), request))

    async def _expire(self, request: Request) -> FakeResponse:
        invoice = self._invoice(request)
        if invoice.status != "PENDING":
            raise XenditApiError(
                400, "INVOICE_ALREADY_PAID_OR_EXPIRED", "The invoice cannot be expired any more"
            )
        await self.expire(invoice.id)
        return json_response(200, self._invoice_response(invoice, request))

    def _invoice(self, request: Request) -> FakeInvoice:
        invoice = self.invoices.get(request.parts["id"])
        if invoice is None:
            raise XenditApiError(404, "INVOICE_NOT_FOUND_ERROR", "Could not find invoice by id")
        return invoice

    def _invoice_response(self, invoice: FakeInvoice, request: Request) -> dict[str, Any]:
        if invoice.status == "PENDING" and invoice.expires_at <= self.now():
            invoice.status = "EXPIRED"
        if (
            invoice.status == "PAID"
            and invoice.paid_at is not None
            and invoice.paid_at + SETTLES_AFTER <= self.now()
        ):
            invoice.status = "SETTLED"
        address = f"http://{request.headers.get('host', '127.0.0.1')}/web/{invoice.id}"
        return {**self._serialize_invoice(invoice), "invoice_url": address}

    # the API: refunds

    async def _create_refund(self, request: Request) -> FakeResponse:
        key = request.headers.get("idempotency-key", "")
        if key in self._by_key:
            body, known = self._by_key[key]
            if body != request.body:
                raise XenditApiError(409, "IDEMPOTENCY_ERROR", "The key was used with another request")
            return json_response(200, self.refunds[known])
        asked = request.json()
        invoice = self.invoices.get(str(asked.get("invoice_id")))
        if invoice is None:
            raise XenditApiError(404, "DATA_NOT_FOUND", "Invoice not found")
        if asked.get("reason") not in REASONS:
            raise invalid_request("reason is not one of the known reasons")
        if invoice.status not in {"PAID", "SETTLED"} or invoice.channel != "QRIS":
            raise XenditApiError(400, "REFUND_NOT_SUPPORTED", "Refund is not supported for this payment")
        amount = asked.get("amount", invoice.paid_amount)
        before = sum(each["amount"] for each in self._refunds_of(invoice.id) if each["status"] != "FAILED")
        if not isinstance(amount, int) or not 0 < amount <= (invoice.paid_amount or 0) - before:
            raise XenditApiError(
                400, "MAXIMUM_REFUND_AMOUNT_REACHED", "The amount is more than what is left of the payment"
            )
        refund: dict[str, Any] = {
            "id": f"rfd-{secrets.token_hex(16)}",
            "payment_id": invoice.payment_id,
            "invoice_id": invoice.id,
            "amount": amount,
            "currency": "IDR",
            "status": self.refund_outcome,
            "reason": asked["reason"],
            "reference_id": asked.get("reference_id"),
            "failure_code": "INSUFFICIENT_BALANCE" if self.refund_outcome == "FAILED" else None,
            "created": iso(self.now()),
            "metadata": asked.get("metadata"),
        }
        self.refunds[refund["id"]] = refund
        if key:
            self._by_key[key] = (request.body, refund["id"])
        if self.refund_outcome != "PENDING":
            await self._finish_refund(refund)
        return json_response(200, refund)

    async def _finish_refund(self, refund: dict[str, Any]) -> None:
        if refund["status"] == "SUCCEEDED":
            reference = self.invoices[refund["invoice_id"]].external_id
            self.account.debit("REFUND", refund["amount"], self.now(), reference)
        body = {"event": f"refund.{refund['status'].lower()}", "created": iso(self.now()), "data": refund}
        await self._send_callback({"business_id": "5fc9f5b246f820517e38c84d", **body})

    def _refunds_of(self, invoice_id: str | None) -> list[dict[str, Any]]:
        return [each for each in self.refunds.values() if invoice_id in {None, each["invoice_id"]}]

    async def _list_refunds(self, request: Request) -> FakeResponse:
        return json_response(
            200, {"data": self._refunds_of(request.query.get("invoice_id")), "has_more": False}
        )

    async def _read_refund(self, request: Request) -> FakeResponse:
        if request.parts["id"] not in self.refunds:
            raise XenditApiError(404, "DATA_NOT_FOUND", "Refund not found")
        return json_response(200, self.refunds[request.parts["id"]])

    # the API: the account

    async def _movements(self, request: Request) -> FakeResponse:
        return json_response(200, self.account.page(request.query, self.now()))

    async def _balance(self, request: Request) -> FakeResponse:
        kind = request.query.get("account_type", "CASH")
        if kind not in {"CASH", "HOLDING", "TAX"}:
            raise invalid_request("account_type is not known")
        return json_response(200, {"balance": self.account.balance(kind, self.now())})

    async def _set_callback_url(self, request: Request) -> FakeResponse:
        """Set the callback URL from another process: {"url": …}."""
        self.callback_url = str(request.json()["url"])
        return json_response(200, {"callback_token": self.callback_token})

    # the page

    async def _show_page(self, request: Request) -> FakeResponse:
        invoice = self._invoice(request)
        params = (
            f"<p>{html.escape(invoice.name)} · "
            f"{html.escape(invoice.external_id)}<br><strong>{rupiah(invoice.amount)}</strong></p>"
        )
        if self._invoice_response(invoice, request)["status"] == "PENDING":
            offered = invoice.channels or ("QRIS", "BCA", "BRI")
            choices = {
                each: "Bayar dengan QRIS" if each == "QRIS" else f"Bayar ke rekening virtual {each}"
                for each in offered
            }
            params += buttons(
                request.path, {**choices, "fail": "Pembayaran gagal", "leave": "Tinggalkan halaman ini"}
            )
        else:
            params += (
                f'<p>Status: {invoice.status}</p><p><a href="{html.escape(invoice.success)}">Kembali</a></p>'
            )
        return page("Xendit", params)

    async def _submit_page(self, request: Request) -> FakeResponse:
        invoice = self._invoice(request)
        choice = request.form().get("choice", "leave")
        if choice in {"fail", "leave"}:
            return redirect(invoice.failure or request.path)
        if self._invoice_response(invoice, request)["status"] == "PENDING":
            await self.pay(invoice.id, choice)
        return redirect(invoice.success or request.path)
