"""Transfer to the cooperative's bank account: shown with the exact amount and a reference; seen to have come
by an officer or in the statement.
"""

from datetime import timedelta

from governance.rules import PAYMENT_METHOD_NAMES
from kernel.errors import LocalizedText
from ledger.chart import BANK
from payments.provider import (
    Capabilities,
    Intent,
    Means,
    Setting,
    Started,
    register,
)
from payments.providers.local_ways import LocalWay

CAPABILITIES = Capabilities(
    label=PAYMENT_METHOD_NAMES["bank_transfer"],
    settles="officer",
    clearing=BANK,
    lasts=timedelta(hours=48),
    unique_tail=True,
    hint=LocalizedText("Nomor rekening kami tunjukkan sesudah ini", "We show the account number next"),
    settings=(
        Setting(
            name="account",
            label=LocalizedText("Rekening koperasi", "The cooperative's account"),
            hint=LocalizedText(
                "Bank, nomor, dan nama pemilik. Contoh: BCA 1234567890 a.n. Koperasi Melati. Kosong: "
                "rekening di profil.",
                "Bank, number and holder, like: BCA 1234567890, Koperasi Melati. Empty: the account of "
                "the profile.",
            ),
            of_profile=True,
        ),
    ),
)


class BankTransfer(LocalWay):
    """The provider of the way "bank_transfer"."""

    async def create(self, means: Means, intent: Intent) -> Started:
        """Tell where to and how much: ``shown`` has account and reference."""
        shown = {"account": means.settings.get("account", ""), "reference": intent.reference}
        return Started(provider_reference=intent.reference, shown=shown, expires_at=intent.expires_at)


register(BankTransfer("bank_transfer", CAPABILITIES))
