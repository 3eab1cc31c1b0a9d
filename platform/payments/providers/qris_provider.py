"""QRIS from the cooperative's own sticker: every payment gets the sticker's payload with its amount and
reference in it.

Nobody calls us when it is paid. An officer sees it in the provider's app, or the statement brings it. What
the provider keeps of each payment (the merchant discount) is an expense of the cooperative by its fee rule;
it is never put on the buyer.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from governance.rules import PAYMENT_METHOD_NAMES
from kernel.errors import DomainError, LocalizedText
from ledger.chart import GATEWAYS
from payments.provider import (
    Capabilities,
    Intent,
    Means,
    ProviderFault,
    Setting,
    Started,
    register,
)
from payments.providers import qris, qris_errors
from payments.providers.local_ways import LocalWay

CAPABILITIES: Final = Capabilities(
    label=PAYMENT_METHOD_NAMES["qris"],
    hint=LocalizedText(
        "Pindai dengan aplikasi bank atau dompet digital apa pun", "Scan with any bank’s app or e-wallet"
    ),
    settles="officer",
    clearing=GATEWAYS,
    least=qris.LEAST,
    most=qris.MOST,
    lasts=timedelta(hours=24),
    settings=(
        Setting(
            name="payload",
            label=LocalizedText("Teks QRIS koperasi", "The cooperative's QRIS text"),
            hint=LocalizedText(
                "Tempel teks yang diawali 000201, atau kirim foto stikernya.",
                "Paste the text that begins with 000201, or send a photo of the sticker.",
            ),
            long=True,
        ),
    ),
)


class QrisSticker(LocalWay):
    """The provider of the way "qris"."""

    async def create(self, means: Means, intent: Intent) -> Started:
        """Make the payload of one payment.

        Raises ProviderFault (not passing) for settings or amounts that QRIS does not take.
        """
        try:
            sticker = _sticker(means.settings)
            payload = _for_one(sticker.payload, intent)
        except DomainError as refusal:
            raise ProviderFault(str(refusal), passing=False) from refusal
        shown = {"qr": payload, "nmid": sticker.nmid, "merchant": sticker.merchant}
        return Started(provider_reference=intent.reference, shown=shown, expires_at=intent.expires_at)


def check_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what an officer should recognise of the sticker before it is kept: merchant, nmid, city,
    postcode, criteria, category, domains.

    ``payload`` in it is the text to keep, without the blanks around it. ``domains`` names who runs the
    accounts, separated by commas. Raises DomainError as ``qris.read`` does, and payments.qris_not_static.
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
    """With our reference where it fits: a full sticker still takes the amount, and amount and hour tell the
    payment.
    """
    try:
        return qris.dynamic(payload, intent.amount, intent.reference)
    except DomainError as refusal:
        if refusal.error_type is not qris_errors.QRIS_NO_ROOM:
            raise
        return qris.dynamic(payload, intent.amount)


register(QrisSticker("qris", CAPABILITIES))
