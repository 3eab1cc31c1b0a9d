"""QRIS from the cooperative's own sticker: each payment's amount and reference go into its payload.

No webhook announces a payment: an officer sees it in the provider's app, or a statement shows it. The
provider's fee (the merchant discount) is an expense of the cooperative by its fee rule, never charged to the
buyer.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from gateways import qris, qris_errors
from gateways.local_provider import LocalProvider
from gateways.protocol import (
    Capabilities,
    Intent,
    MethodSetting,
    PaymentSession,
    ProviderAccount,
    ProviderError,
    register_provider,
)
from governance.rules import PAYMENT_METHOD_NAMES
from kernel.errors import DomainError, LocalizedText

CAPABILITIES: Final = Capabilities(
    label=PAYMENT_METHOD_NAMES["qris"],
    hint=LocalizedText("Pindai dengan aplikasi bank atau dompet digital apa pun"),
    confirmed_by="officer",
    min_amount=qris.MIN_AMOUNT,
    max_amount=qris.MAX_AMOUNT,
    expires_after=timedelta(hours=24),
    settings=(
        MethodSetting(
            name="payload",
            label=LocalizedText("Teks QRIS koperasi"),
            hint=LocalizedText(
                "Tempel teks yang diawali 000201, atau kirim foto stikernya.",
            ),
            multiline=True,
        ),
    ),
)


class QrisProvider(LocalProvider):
    """The provider of the method "qris"."""

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession:
        """Make the payload of one payment.

        Raises a permanent ProviderError for settings or amounts that QRIS does not accept.
        """
        try:
            sticker = _parse_sticker(provider_account.settings)
            payload = _payment_payload(sticker.payload, intent)
        except DomainError as error:
            raise ProviderError(str(error), transient=False) from error
        shown = {"qr": payload, "nmid": sticker.nmid, "merchant": sticker.merchant_name}
        return PaymentSession(
            provider_reference=intent.reference, instructions=shown, expires_at=intent.expires_at
        )


def describe_sticker(settings: Mapping[str, str]) -> dict[str, str]:
    """Parse a sticker's payload and return what an officer checks before it is stored.

    Keys: merchant, nmid, city, postcode, criteria, category; ``payload`` is the text to store, trimmed;
    ``domains`` are the operators of the accounts, separated by commas. Raises DomainError as
    ``qris.parse_qris`` does, and payments.qris_not_static.
    """
    sticker = _parse_sticker(settings)
    return {
        "payload": sticker.payload,
        "merchant": sticker.merchant_name,
        "nmid": sticker.nmid,
        "city": sticker.city,
        "postcode": sticker.postcode,
        "criteria": sticker.criteria,
        "category": sticker.category,
        "domains": ", ".join(account.domain for account in sticker.accounts if account.tag != "51"),
    }


def _parse_sticker(settings: Mapping[str, str]) -> qris.Qris:
    sticker = qris.parse_qris(settings.get("payload", ""))
    qris.require_static(sticker)
    return sticker


def _payment_payload(payload: str, intent: Intent) -> str:
    """Return the payload with amount and reference; without the reference if the payload has no room.

    Then amount and time identify the payment.
    """
    try:
        return qris.make_dynamic(payload, intent.amount, intent.reference)
    except DomainError as error:
        if error.error_type is not qris_errors.QRIS_PAYLOAD_FULL:
            raise
        return qris.make_dynamic(payload, intent.amount)


register_provider(QrisProvider("qris", CAPABILITIES))
