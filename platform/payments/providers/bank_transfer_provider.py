"""Transfer to the cooperative's bank account: shown with the exact amount and a reference; seen to have come by an officer or in the statement."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from governance.rules import PAYMENT_WAY_NAMES, PaymentWay
from kernel.errors import Words
from kernel.money import Rupiah
from ledger.chart import BANK
from payments.provider import (
    Capabilities,
    Event,
    Intent,
    Means,
    Refunded,
    Setting,
    Started,
    Statement,
    Status,
    Unverified,
    register,
)

CAPABILITIES = Capabilities(
    label=PAYMENT_WAY_NAMES["bank_transfer"],
    settles="officer",
    clearing=BANK,
    lasts=timedelta(hours=48),
    settings=(
        Setting(
            name="account",
            label=Words("Rekening koperasi", "The cooperative's account"),
            hint=Words(
                "Bank, nomor, dan nama pemilik. Contoh: BCA 1234567890 a.n. Koperasi Melati. Kosong: rekening di profil.",
                "Bank, number and holder, like: BCA 1234567890, Koperasi Melati. Empty: the account of the profile.",
            ),
            required=False,
        ),
    ),
)


class BankTransfer:
    """The provider of the way "bank_transfer". It speaks to nobody."""

    way: PaymentWay = "bank_transfer"

    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def create(self, means: Means, intent: Intent) -> Started:
        """Tell where to and how much: ``shown`` has account and reference."""
        shown = {"account": means.settings.get("account", ""), "reference": intent.reference}
        return Started(provider_reference=intent.reference, shown=shown, expires_at=intent.expires_at)

    async def status(self, means: Means, reference: str, provider_reference: str) -> Status:
        """Nobody can be asked: it waits until an officer or the statement says more."""
        return Status(state="awaiting", reference=reference, provider_reference=provider_reference)

    def verify(self, means: Means, headers: Mapping[str, str], body: bytes) -> Event:
        raise Unverified("a bank account sends no messages")

    async def refund(self, means: Means, payment: Status, amount: Rupiah, key: str, reason: str) -> Refunded:
        return Refunded(state="failed", provider_reference=key, detail="a transfer is paid back by hand")

    async def refund_status(self, means: Means, payment: Status, refund_reference: str, key: str) -> Refunded:
        return Refunded(state="failed", provider_reference=refund_reference, detail="a transfer is paid back by hand")

    async def cancel(self, means: Means, reference: str, provider_reference: str) -> None:
        """Nothing can be called back at a bank: money may still come late."""

    async def statement(self, means: Means, since: datetime, until: datetime) -> Statement:
        return Statement(lines=(), balance=None)


register(BankTransfer())
