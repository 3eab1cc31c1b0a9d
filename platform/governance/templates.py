"""Templates of bylaws that a new cooperative starts from.

Each is a complete set of rules, which the founders may change. The village template gives the village 20
percent (imbal jasa desa) first, as the programme of village cooperatives requires.
"""

from decimal import Decimal
from typing import Final

from governance.rules import (
    AllocationKind,
    AllocationLine,
    Basis,
    Bylaws,
    DepositRules,
    MembershipRules,
    PaymentMethodCode,
    PricingRules,
)
from kernel.errors import LocalizedText
from kernel.money import Rupiah


def _build_line(
    code: str,
    label: LocalizedText,
    percent: str,
    kind: AllocationKind,
    account: str,
    basis: Basis | None = None,
) -> AllocationLine:
    return AllocationLine(
        code=code,
        label_id=label.localize("id"),
        label_en=label.localize("en"),
        percent=Decimal(percent),
        kind=kind,
        account=account,
        basis=basis,
    )


# The payment methods of a new cooperative. Credit (kasbon, potong gaji) is missing: founders must choose it.
DEFAULT_PAYMENT_METHODS: Final[tuple[PaymentMethodCode, ...]] = (
    "cash", "bank_transfer", "qris", "stripe", "midtrans", "xendit", "savings", "wallet",
)  # fmt: skip

RESERVE: Final = LocalizedText("Cadangan")
RETURN_ON_SAVINGS: Final = LocalizedText("Jasa modal", context="governance.templates")
RETURN_ON_PURCHASES: Final = LocalizedText("Jasa usaha", context="governance.templates")
OFFICERS: Final = LocalizedText("Dana pengurus")
STAFF: Final = LocalizedText("Dana karyawan")
EDUCATION: Final = LocalizedText("Dana pendidikan")
SOCIAL: Final = LocalizedText("Dana sosial")
DEVELOPMENT: Final = LocalizedText("Dana pembangunan daerah kerja")
VILLAGE: Final = LocalizedText("Imbal jasa desa")

KONSUMEN: Final = Bylaws(
    allocation=(
        _build_line("cadangan", RESERVE, "25", "reserve", "3161"),
        _build_line("jasa_modal", RETURN_ON_SAVINGS, "20", "members", "2121", "savings"),
        _build_line("jasa_usaha", RETURN_ON_PURCHASES, "35", "members", "2121", "purchases"),
        _build_line("pengurus", OFFICERS, "5", "fund", "2122"),
        _build_line("karyawan", STAFF, "5", "fund", "2123"),
        _build_line("pendidikan", EDUCATION, "5", "fund", "2124"),
        _build_line("sosial", SOCIAL, "2.5", "fund", "2125"),
        _build_line("pembangunan", DEVELOPMENT, "2.5", "fund", "2126"),
    ),
    deposits=DepositRules(principal=Rupiah(100_000), mandatory=Rupiah(20_000)),
    membership=MembershipRules(answer_days=14),
    prices=PricingRules(
        member_discount_percent=Decimal(2), public_markup_percent=Decimal(0), rounding_unit=50
    ),
    savings_basis=("principal", "mandatory"),
    payment_methods=DEFAULT_PAYMENT_METHODS,
)

DESA_MERAH_PUTIH: Final = Bylaws(
    allocation=(
        _build_line("imbal_jasa_desa", VILLAGE, "20", "third_party", "2127"),
        _build_line("cadangan", RESERVE, "20", "reserve", "3161"),
        _build_line("jasa_modal", RETURN_ON_SAVINGS, "15", "members", "2121", "savings"),
        _build_line("jasa_usaha", RETURN_ON_PURCHASES, "30", "members", "2121", "purchases"),
        _build_line("pengurus", OFFICERS, "5", "fund", "2122"),
        _build_line("pendidikan", EDUCATION, "5", "fund", "2124"),
        _build_line("sosial", SOCIAL, "5", "fund", "2125"),
    ),
    deposits=DepositRules(principal=Rupiah(50_000), mandatory=Rupiah(10_000)),
    membership=MembershipRules(answer_days=14),
    prices=PricingRules(
        member_discount_percent=Decimal(0), public_markup_percent=Decimal(0), rounding_unit=50
    ),
    savings_basis=("principal", "mandatory"),
    payment_methods=DEFAULT_PAYMENT_METHODS,
)

TEMPLATES: Final[dict[str, Bylaws]] = {"konsumen": KONSUMEN, "desa-merah-putih": DESA_MERAH_PUTIH}
TEMPLATE_NAMES: Final[dict[str, LocalizedText]] = {
    "konsumen": LocalizedText("Koperasi konsumen"),
    "desa-merah-putih": LocalizedText("Koperasi Desa Merah Putih"),
}
