"""QRIS from the cooperative's own sticker: every payment gets the sticker's payload with its amount and reference in it.

Nobody calls us when it is paid. An officer sees it in the provider's app, or the statement brings it. What the provider keeps of each payment
(the merchant discount) is an expense of the cooperative by its fee rule; it is never put on the buyer.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from governance.rules import PaymentWay
from kernel.errors import Refusal, Words
from kernel.money import Rupiah
from ledger.chart import GATEWAYS
from payments.provider import (
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
from payments.providers import qris, qris_errors

CAPABILITIES: Final = Capabilities(
    label=Words("QRIS", "QRIS"),
    settles="officer",
    clearing=GATEWAYS,
    least=qris.LEAST,
    most=qris.MOST,
    lasts=timedelta(hours=24),
    settings=(
        Setting(
            name="payload",
            label=Words("Teks QRIS koperasi", "The cooperative's QRIS text"),
            hint=Words(
                "Tempel teks yang diawali 000201, atau kirim foto stikernya.",
                "Paste the text that begins with 000201, or send a photo of the sticker.",
            ),
            long=True,
        ),
    ),
)


class QrisSticker:
    """The provider of the way "qris". It speaks to nobody."""

    way: PaymentWay = "qris"

    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def create(self, means: Means, intent: Intent) -> Started:
        """Make the payload of one payment. Raises ProviderFault (not passing) for settings or amounts that QRIS does not take."""
        try:
            sticker = _sticker(means.settings)
            payload = _for_one(sticker.payload, intent)
        except Refusal as refusal:
            raise ProviderFault(str(refusal), passing=False) from refusal
        shown = {"qr": payload, "nmid": sticker.nmid, "merchant": sticker.merchant}
        return Started(provider_reference=intent.reference, shown=shown, expires_at=intent.expires_at)

    async def status(self, means: Means, reference: str, provider_reference: str) -> Status:
        """Nobody can be asked: to us it waits until an officer or the statement says more."""
        return Status(state="awaiting", reference=reference, provider_reference=provider_reference)

    def verify(self, means: Means, headers: Mapping[str, str], body: bytes) -> Event:
        raise Unverified("a QRIS sticker sends no messages")

    async def refund(self, means: Means, payment: Status, amount: Rupiah, key: str, reason: str) -> Refunded:
        """Answer that nothing went back: the officer pays the buyer back outside, and says so."""
        return _by_hand(payment.provider_reference)

    async def refund_status(self, means: Means, payment: Status, refund_reference: str, key: str) -> Refunded:
        return _by_hand(refund_reference)

    async def cancel(self, means: Means, reference: str, provider_reference: str) -> None:
        """Do nothing: a payload that somebody has photographed cannot be called back, so money may still come late."""

    async def statement(self, means: Means, since: datetime, until: datetime) -> Statement:
        return Statement(lines=(), balance=None)


def check_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what an officer should recognise of the sticker before it is kept: merchant, nmid, city, postcode, criteria, category, domains.

    ``payload`` in it is the text to keep, without the blanks around it. ``domains`` names who runs the accounts, separated by commas.
    Raises Refusal as ``qris.read`` does, and payments.qris_not_static.
    """
    sticker = _sticker(settings)
    return {
        "payload": sticker.payload,
        "merchant": sticker.merchant,
        "nmid": sticker.nmid,
        "city": sticker.city,
        "postcode": sticker.postcode,
        "criteria": sticker.criteria,
        "category": sticker.category,
        "domains": ", ".join(account.domain for account in sticker.accounts if account.tag != "51"),
    }


def _sticker(settings: Mapping[str, str]) -> qris.Qris:
    sticker = qris.read(settings.get("payload", ""))
    qris.require_static(sticker)
    return sticker


def _for_one(payload: str, intent: Intent) -> str:
    """With our reference where it fits: a full sticker still takes the amount, and amount and hour tell the payment."""
    try:
        return qris.dynamic(payload, intent.amount, intent.reference)
    except Refusal as refusal:
        if refusal.kind is not qris_errors.QRIS_NO_ROOM:
            raise
        return qris.dynamic(payload, intent.amount)


def _by_hand(reference: str) -> Refunded:
    return Refunded(state="failed", provider_reference=reference, detail="QRIS is paid back by hand")


register(QrisSticker())
