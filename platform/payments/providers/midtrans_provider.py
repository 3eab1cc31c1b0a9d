"""Midtrans Snap: the buyer chooses a channel on Midtrans's page; we hear of it by notification and read the
state back.

An order id is charged once: it is our reference, and the idempotency key. Asking again for a page of the same
reference gives another page of the same payment; where the buyer has chosen a channel already there is no
page any more, only the state. Midtrans tells neither fees nor a balance to a Snap merchant: those are read
from its monthly report or from the bank.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from governance.rules import PAYMENT_METHOD_NAMES, PaymentMethodCode
from kernel import clock
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from ledger.chart import MIDTRANS
from payments.provider import (
    REAL_ADDRESSES,
    Capabilities,
    Event,
    Intent,
    Means,
    ProviderFault,
    Refunded,
    Setting,
    Started,
    Statement,
    Status,
    Unverified,
    register,
)
from payments.providers.asking import Answer, Gateway
from payments.providers.midtrans_states import MIDTRANS_ZONE, Transaction, status_of, transaction_of

# by whether the keys move real money
_API: Final = {True: REAL_ADDRESSES["midtrans"], False: "https://api.sandbox.midtrans.com"}
_SNAP: Final = {True: "https://app.midtrans.com", False: "https://app.sandbox.midtrans.com"}

_VIRTUAL_ACCOUNTS: Final = ("bca_va", "bni_va", "bri_va", "echannel", "permata_va", "cimb_va", "other_va")
_QRIS: Final = ("gopay", "shopeepay", "other_qris")
_CHANNELS: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "qris": _QRIS,
    "va": _VIRTUAL_ACCOUNTS,
    "qris_va": (*_QRIS, *_VIRTUAL_ACCOUNTS),
}
_SHORTEST_PAGE: Final = 5
_LONGEST_PAGE: Final = 7 * 24 * 60


class _Page(msgspec.Struct, frozen=True):
    token: str
    redirect_url: str


class _Refusal(msgspec.Struct, frozen=True):
    status_message: str = ""
    error_messages: tuple[str, ...] = ()
    validation_messages: tuple[str, ...] = ()


class MidtransProvider:
    """See the head of this file."""

    way: PaymentMethodCode = "midtrans"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            label=PAYMENT_METHOD_NAMES["midtrans"],
            settles="provider",
            clearing=MIDTRANS,
            refunds=True,
            partial_refunds=True,
            calls_back=True,
            lasts=timedelta(hours=24),
            entitlement="gateways",
            company="Midtrans",
            hint=LocalizedText(
                "Halaman pembayaran Midtrans terbuka sesudah ini", "Midtrans’ payment page opens next"
            ),
            messages=("Payment Notification URL",),
            settings=_SETTINGS,
        )

    async def create(self, means: Means, intent: Intent) -> Started:
        """Make the page to pay on.

        A reference whose channel is chosen already gives no page, but what the buyer has to pay to, if told.
        """
        gateway = _gateway(means)
        headers = {"x-override-notification": intent.endpoint_url} if intent.endpoint_url else {}
        answer = await gateway.ask(
            "POST", f"{_host(means, _SNAP)}/snap/v1/transactions", body=_order(means, intent), headers=headers
        )
        if answer.refused and "order_id" in gateway.worded(answer.body):
            known = await _read_back(gateway, means, intent.reference)
            if known is not None:
                return Started(
                    provider_reference=known.transaction_id, shown=known.shown(), expires_at=intent.expires_at
                )
        page = gateway.read(gateway.accepted(answer), _page_of)
        return Started(
            provider_reference=page.token, redirect_url=page.redirect_url, expires_at=intent.expires_at
        )

    async def status(self, means: Means, reference: str, provider_reference: str) -> Status:
        """Read the state.

        An order id that Midtrans does not know is a page on which no way was chosen: it waits until we let it
        expire.
        """
        known = await _read_back(_gateway(means), means, reference)
        if known is None:
            return Status(state="awaiting", reference=reference, provider_reference=provider_reference)
        return status_of(known)

    def verify(self, means: Means, headers: Mapping[str, str], body: bytes) -> Event:
        """Read a notification.

        Its signature covers order id, status code and amount as text, not the state: hence the reading back.
        """
        try:
            told = transaction_of(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unverified("not a notification of Midtrans") from None
        key = means.secrets.get("signature_key") or means.secrets.get("server_key") or ""
        signed = f"{told.order_id}{told.status_code}{told.gross_amount}{key}"
        ours = hashlib.sha512(signed.encode()).hexdigest()
        if not key or not hmac.compare_digest(ours.encode(), told.signature_key.lower().encode()):
            raise Unverified("the signature of this notification is not ours")
        return Event(
            event_id=_event_id(told, body),
            kind=f"midtrans.{told.transaction_status or 'other'}",
            concerns="payment" if told.order_id and told.transaction_status else "nothing",
            reference=told.order_id or None,
            provider_reference=told.transaction_id or None,
        )

    async def refund(self, means: Means, payment: Status, amount: Rupiah, key: str, reason: str) -> Refunded:
        """Give back over the channel that was paid by; virtual accounts and shops' counters cannot, which
        Midtrans then says.
        """
        gateway = _gateway(means)
        answer = await gateway.ask(
            "POST",
            _of(means, payment.reference, "refund"),
            body={"refund_key": key, "amount": int(amount), "reason": reason[:255]},
        )
        code = _code(gateway, answer)
        if code in {200, 201}:
            return Refunded(state="done" if code == 200 else "pending", provider_reference=key)
        known = await _read_back(gateway, means, payment.reference)
        if known is not None and known.refund(key) is not None:
            # asked before: it was done, the answer got lost, and the same key is refused now
            return Refunded(state="done", provider_reference=key)
        if known is not None and known.transaction_status == "capture":
            said = "Midtrans: a card payment is given back after it is settled, which is on the next day"
            raise ProviderFault(said, passing=True)
        raise gateway.fault(answer)

    async def refund_status(self, means: Means, payment: Status, refund_reference: str, key: str) -> Refunded:
        """Look for the refund among those of the transaction.

        One that is not there is still pending: Midtrans lists only granted ones.
        """
        known = await _read_back(_gateway(means), means, payment.reference)
        granted = known is not None and known.refund(key) is not None
        return Refunded(state="done" if granted else "pending", provider_reference=refund_reference or key)

    async def cancel(self, means: Means, reference: str, provider_reference: str) -> None:
        """Let it expire while nobody paid: Midtrans's own cancelling would also give back what a card has
        paid in the meantime.

        A page on which no way was chosen cannot be closed. It runs out at its own time, and money may still
        come late.
        """
        gateway = _gateway(means)
        answer = await gateway.ask("POST", _of(means, reference, "expire"))
        if _code(gateway, answer) in {401, 402, 403}:
            raise gateway.fault(answer)

    async def statement(self, means: Means, since: datetime, until: datetime) -> Statement:
        """Nothing: Midtrans has no API of movements or of a balance for Snap merchants.

        Its fees and payouts are seen at the bank.
        """
        return Statement(lines=(), balance=None)


_PRODUCTION: Final = "production"
_SETTINGS: Final = (
    Setting(
        name="environment",
        label=LocalizedText("Lingkungan Midtrans", "Midtrans environment"),
        hint=LocalizedText(
            "Kunci Sandbox dan Production berbeda.", "Sandbox and Production have different keys."
        ),
        default="sandbox",
        choices=(
            (_PRODUCTION, LocalizedText("Production: uang sungguhan", "Production: real money")),
            ("sandbox", LocalizedText("Sandbox: uji coba", "Sandbox: for trials")),
        ),
        real=(_PRODUCTION,),
    ),
    Setting(
        name="channels",
        label=LocalizedText("Cara yang ditawarkan", "Channels offered"),
        hint=LocalizedText(
            "Cara itu harus aktif di akun Midtrans Anda.", "They must be active in your Midtrans account."
        ),
        default="all",
        choices=(
            ("all", LocalizedText("Semua yang aktif di Midtrans", "All that are active at Midtrans")),
            ("qris", LocalizedText("QRIS saja", "QRIS only")),
            ("va", LocalizedText("Rekening virtual saja", "Virtual accounts only")),
            ("qris_va", LocalizedText("QRIS dan rekening virtual", "QRIS and virtual accounts")),
        ),
    ),
    Setting(
        name="server_key",
        label=LocalizedText("Server Key", "Server Key"),
        hint=LocalizedText("Di Midtrans: Settings › Access Keys.", "At Midtrans: Settings › Access Keys."),
        secret=True,
    ),
    Setting(
        name="signature_key",
        label=LocalizedText("Signature Secret Key", "Signature Secret Key"),
        hint=LocalizedText(
            "Hanya jika Midtrans memberi kunci tersendiri.", "Only if Midtrans gave you a separate one."
        ),
        secret=True,
        required=False,
    ),
)


def _event_id(told: Transaction, body: bytes) -> str:
    """What tells one notification from another: Midtrans gives them no id.

    Its signature does not cover the state, nor refunds. Who repeats a signed notification under the name of
    one that is still to come must not take its place, so the whole message counts.
    """
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f"{told.transaction_id or told.order_id}:{told.transaction_status}:{digest}"


def _gateway(means: Means) -> Gateway:
    return Gateway(
        name="Midtrans", client=means.client, key=means.secrets.get("server_key", ""), worded=_worded
    )


def _host(means: Means, hosts: Mapping[bool, str]) -> str:
    """The real host, or the sandbox's for test keys.

    A stand-in answers for all of them, so that nothing tried reaches a real one.
    """
    address = means.address.rstrip("/")
    return hosts[means.live] if address == REAL_ADDRESSES["midtrans"] else address


def _of(means: Means, reference: str, what: str) -> str:
    return f"{_host(means, _API)}/v2/{quote(reference, safe='')}/{what}"


async def _read_back(gateway: Gateway, means: Means, reference: str) -> Transaction | None:
    """What Midtrans knows of an order id, or nothing.

    It tells refusals sometimes by HTTP, sometimes within a 200.
    """
    answer = await gateway.ask("GET", _of(means, reference, "status"))
    code = _code(gateway, answer)
    if code == 404:
        return None
    known = gateway.read(answer, transaction_of)
    if not known.transaction_status:
        raise gateway.fault(answer)
    return known


def _code(gateway: Gateway, answer: Answer) -> int:
    """The code that Midtrans means, which may stand within a 200.

    Raises ProviderFault (passing) where it means that it is broken.
    """
    if answer.refused:
        return answer.status
    code = gateway.read(answer, transaction_of).code
    if code >= 500 or code == 429:
        raise ProviderFault(f"Midtrans is broken (status_code {code})", passing=True)
    return code or answer.status


def _order(means: Means, intent: Intent) -> dict[str, Any]:
    name = intent.description.replace("|", " ")[:50] or intent.reference
    order: dict[str, Any] = {
        "transaction_details": {"order_id": intent.reference, "gross_amount": int(intent.amount)},
        "item_details": [{"id": intent.reference, "price": int(intent.amount), "quantity": 1, "name": name}],
        "customer_details": {"first_name": intent.buyer_name[:255], "phone": intent.buyer_phone[:255]},
        "callbacks": {"finish": intent.return_to, "error": intent.return_to},
    }
    channels = _CHANNELS.get(means.settings.get("channels", "all"), ())
    if channels:
        order["enabled_payments"] = list(channels)
    if intent.expires_at is not None:
        now = clock.now()
        minutes = max(1, -((now - intent.expires_at) // timedelta(minutes=1)))
        start = f"{now.astimezone(MIDTRANS_ZONE):%Y-%m-%d %H:%M:%S} +0700"
        order["expiry"] = {"start_time": start, "unit": "minute", "duration": minutes}
        order["page_expiry"] = {
            "unit": "minute",
            "duration": min(max(minutes, _SHORTEST_PAGE), _LONGEST_PAGE),
        }
    return order


def _page_of(body: bytes) -> _Page:
    return msgspec.json.decode(body, type=_Page)


def _worded(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    sentences = (*said.error_messages, *said.validation_messages, said.status_message)
    return "; ".join(sentence for sentence in sentences if sentence)


register(MidtransProvider())
