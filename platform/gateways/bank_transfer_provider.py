"""Bank transfer to the cooperative's account, confirmed by an officer or a bank statement line.

The payer sees the account, the exact amount and a reference.
"""

from datetime import timedelta

from gateways.local_provider import LocalProvider
from gateways.protocol import (
    Capabilities,
    Intent,
    MethodSetting,
    PaymentSession,
    ProviderAccount,
    register_provider,
)
from governance.rules import PAYMENT_METHOD_NAMES
from kernel.errors import LocalizedText

CAPABILITIES = Capabilities(
    label=PAYMENT_METHOD_NAMES["bank_transfer"],
    confirmed_by="officer",
    expires_after=timedelta(hours=48),
    uses_unique_suffix=True,
    hint=LocalizedText("Nomor rekening kami tunjukkan sesudah ini"),
    settings=(
        MethodSetting(
            name="account",
            label=LocalizedText("Rekening koperasi"),
            hint=LocalizedText(
                "Bank, nomor, dan nama pemilik. Contoh: BCA 1234567890 a.n. Koperasi Melati. Kosong: "
                "rekening di profil.",
            ),
            falls_back_to_profile=True,
        ),
    ),
)


class BankTransferProvider(LocalProvider):
    """The provider of the method "bank_transfer"."""

    async def create(self, provider_account: ProviderAccount, intent: Intent) -> PaymentSession:
        """Return the account to pay to and our reference, without a call."""
        shown = {"account": provider_account.settings.get("account", ""), "reference": intent.reference}
        return PaymentSession(
            provider_reference=intent.reference, instructions=shown, expires_at=intent.expires_at
        )


register_provider(BankTransferProvider("bank_transfer", CAPABILITIES))
