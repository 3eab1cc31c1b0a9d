"""The bylaws as typed values, and their validation.

A `Bylaws` is one version of the rules of one cooperative. It is stored as a JSON document in which a
percentage is text ("2.5") and an amount is a whole number of rupiah.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any, Final, Literal, TypeVar, cast

import msgspec

from governance import errors
from kernel.errors import DomainError, JoinedText, LocalizedText, StoredText
from kernel.money import Rupiah, dec_hook, enc_hook
from ledger import descriptions

T = TypeVar("T")

Basis = Literal["savings", "purchases", "loans"]
AllocationKind = Literal["members", "reserve", "fund", "third_party"]
SavingsKind = Literal["principal", "mandatory", "voluntary"]
PaymentMethodCode = Literal[
    "cash", "bank_transfer", "qris", "stripe", "midtrans", "xendit", "savings", "wallet", "kasbon", "payroll"
]

# Where the unique suffix of a transfer's amount is credited: the payer's savings, or the cooperative's other
# income; "none" means that amounts get no suffix.
UniqueSuffixPolicy = Literal["savings", "income", "none"]

MAX_DECIMALS: Final = 4

BASIS_NAMES: Final[dict[Basis, LocalizedText]] = {
    "savings": LocalizedText("Simpanan", context="governance.rules"),
    "purchases": LocalizedText("Belanja", context="governance.rules"),
    "loans": LocalizedText("Pinjaman"),
}
SAVINGS_KIND_NAMES: Final[dict[SavingsKind, LocalizedText]] = {
    "principal": LocalizedText("Simpanan pokok"),
    "mandatory": LocalizedText("Simpanan wajib"),
    "voluntary": LocalizedText("Simpanan sukarela", context="governance.rules"),
}
# They stand in journals too, so the ledger has them.
PAYMENT_METHOD_NAMES: Final = descriptions.PAYMENT_METHOD_NAMES
UNIQUE_SUFFIX_POLICY_NAMES: Final[dict[UniqueSuffixPolicy, LocalizedText]] = {
    "savings": LocalizedText("masuk simpanan sukarela pembayar"),
    "income": LocalizedText("menjadi pendapatan lain koperasi"),
    "none": LocalizedText("tidak dipakai"),
}

_CODE: Final = re.compile(r"[a-z]+(_[a-z]+)*")
_ACCOUNT: Final = re.compile(r"[0-9]{4}")


class AllocationLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One part of the yearly surplus: its purpose, its percentage, and the account that it is credited to.

    A line of kind "members" is divided among the members by its `basis`; other lines have no basis.
    """

    code: str
    label_id: str
    label_en: str
    percent: Decimal
    kind: AllocationKind
    account: str
    basis: Basis | None = None

    @property
    def label(self) -> StoredText:
        """The line's name in both languages."""
        return StoredText(self.label_id, self.label_en)


class DepositRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member's obligatory savings, in rupiah.

    `principal` (pokok) is paid once on joining, `mandatory` (wajib) every month.
    """

    principal: Rupiah
    mandatory: Rupiah


class MembershipRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How people join: an application is answered within `answer_days`."""

    answer_days: int


class PricingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How member and public prices follow from a product's price; see `governance.prices`."""

    member_discount_percent: Decimal
    public_markup_percent: Decimal
    rounding_unit: int


# Stored versions are never rewritten, so documents keep the former names of these fields.
STORED_KEYS: Final = {"payment_methods": "payment_ways", "transfer_suffix": "transfer_tail"}


class Bylaws(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename=STORED_KEYS):
    """One version of a cooperative's rules.

    `savings_basis` lists the kinds of savings that count for the basis "savings", `payment_methods` the
    methods that may be offered. `transfer_suffix` says where the unique suffix of a transfer's amount is
    credited.
    """

    allocation: tuple[AllocationLine, ...]
    deposits: DepositRules
    membership: MembershipRules
    prices: PricingRules
    savings_basis: tuple[SavingsKind, ...]
    payment_methods: tuple[PaymentMethodCode, ...]
    transfer_suffix: UniqueSuffixPolicy = "savings"


def encode_bylaws(bylaws: Bylaws) -> dict[str, Any]:
    """Return the document to store: plain JSON values, percentages as text."""
    return cast("dict[str, Any]", msgspec.to_builtins(bylaws, enc_hook=enc_hook))


def decode_bylaws(document: dict[str, Any]) -> Bylaws:
    """Return the bylaws of a stored document.

    Raises msgspec.ValidationError, with the path, for an invalid document.
    """
    return msgspec.convert(document, Bylaws, dec_hook=dec_hook)


def require_valid(bylaws: Bylaws) -> None:
    """Raise a DomainError (422) when the bylaws break rules: the one problem, or one error that lists all."""
    problems = validate_bylaws(bylaws)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise errors.BYLAWS_NOT_VALID(problems=JoinedText(tuple(problems), " "))


def validate_bylaws(bylaws: Bylaws) -> list[DomainError]:
    """Return every problem of these bylaws; empty when they are valid.

    A problem of one field has the parameter `field` ("allocation.3.percent", "deposits.principal").
    """
    return [
        *_find_allocation_problems(bylaws.allocation),
        *_find_deposit_problems(bylaws.deposits),
        *_find_range_problems(bylaws),
        *_find_choice_problems(bylaws),
    ]


def find_percentage_problems(lines: Sequence[tuple[object, Decimal]]) -> Iterator[DomainError]:
    """Yield the problems of percentages that must be non-negative and sum to 100.

    `lines` are pairs of the name to use in the message and the percentage.
    """
    for position, (name, percent) in enumerate(lines):
        field = f"allocation.{position}.percent"
        if not percent.is_finite():
            yield errors.PERCENTAGE_NOT_A_NUMBER(line=name, percent=str(percent), field=field)
        elif percent < 0:
            yield errors.PERCENTAGE_NEGATIVE(line=name, percent=percent, field=field)
    if all(percent.is_finite() for _, percent in lines):
        total = sum_percents(percent for _, percent in lines)
        if total != 100:
            yield errors.ALLOCATION_NOT_100(total=total)


def sum_percents(percents: Iterable[Decimal]) -> Decimal:
    """Return the exact sum; the default precision of 28 digits would round many decimals."""
    with localcontext() as context:
        context.prec = 400
        return sum(percents, Decimal(0))


def _find_allocation_problems(lines: Sequence[AllocationLine]) -> Iterator[DomainError]:
    if not lines:
        yield errors.ALLOCATION_EMPTY()
        return
    seen: set[str] = set()
    names: set[str] = set()
    for position, line in enumerate(lines):
        at = f"allocation.{position}"
        if not _CODE.fullmatch(line.code):
            yield errors.CODE_NOT_PLAIN(code=line.code, field=f"{at}.code")
        if line.code in seen:
            yield errors.LINE_TWICE(line=line.code, field=f"{at}.code")
        seen.add(line.code)
        if line.label_id.lower() in names:  # readers could not distinguish two lines with one name
            yield errors.LINE_TWICE(line=line.label, field=f"{at}.label_id")
        names.add(line.label_id.lower())
        if not line.label_id.strip() or not line.label_en.strip():
            yield errors.LABEL_MISSING(code=line.code, field=f"{at}.label_id")
        if _count_decimals(line.percent) > MAX_DECIMALS:
            yield errors.PERCENTAGE_TOO_FINE(line=line.label, decimals=MAX_DECIMALS, field=f"{at}.percent")
        if line.kind == "members" and line.basis is None:
            yield errors.BASIS_MISSING(line=line.label, field=f"{at}.basis")
        if line.kind != "members" and line.basis is not None:
            yield errors.BASIS_UNWANTED(line=line.label, field=f"{at}.basis")
        if not _ACCOUNT.fullmatch(line.account):
            yield errors.ACCOUNT_NOT_A_CODE(line=line.label, account=line.account, field=f"{at}.account")
    yield from find_percentage_problems([(line.label, line.percent) for line in lines])


def _find_deposit_problems(deposits: DepositRules) -> Iterator[DomainError]:
    for field, kind, amount in (
        ("deposits.principal", "principal", deposits.principal),
        ("deposits.mandatory", "mandatory", deposits.mandatory),
    ):
        if amount < 0:
            yield errors.DEPOSIT_NEGATIVE(
                deposit=SAVINGS_KIND_NAMES[cast("SavingsKind", kind)], amount=amount, field=field
            )


def _find_range_problems(bylaws: Bylaws) -> Iterator[DomainError]:
    prices, percent_sign = bylaws.prices, " %"
    ranges: list[tuple[str, LocalizedText, int | Decimal, int, int, str]] = [
        (
            "membership.answer_days",
            LocalizedText("Batas hari menjawab permohonan"),
            bylaws.membership.answer_days,
            1,
            365,
            "",
        ),
        (
            "prices.member_discount_percent",
            LocalizedText("Potongan harga anggota", context="governance.rules"),
            prices.member_discount_percent,
            0,
            99,
            percent_sign,
        ),
        (
            "prices.public_markup_percent",
            LocalizedText("Tambahan harga umum", context="governance.rules"),
            prices.public_markup_percent,
            0,
            500,
            percent_sign,
        ),
        (
            "prices.rounding_unit",
            LocalizedText("Satuan pembulatan harga", context="governance.rules"),
            prices.rounding_unit,
            1,
            10_000,
            " rupiah",
        ),
    ]
    for field, rule, value, least, most, unit in ranges:
        if isinstance(value, Decimal):
            if not value.is_finite():
                yield errors.PERCENTAGE_NOT_A_NUMBER(line=rule, percent=str(value), field=field)
                continue
            if _count_decimals(value) > MAX_DECIMALS:
                yield errors.PERCENTAGE_TOO_FINE(line=rule, decimals=MAX_DECIMALS, field=field)
        if not least <= value <= most:
            yield errors.OUT_OF_RANGE(
                rule=rule, least=f"{least}{unit}", most=f"{most}{unit}", value=f"{value}{unit}", field=field
            )


def _find_choice_problems(bylaws: Bylaws) -> Iterator[DomainError]:
    divides_by_savings = any(line.basis == "savings" for line in bylaws.allocation)
    if divides_by_savings and not bylaws.savings_basis:
        yield errors.SAVINGS_BASIS_EMPTY(field="savings_basis")
    if not bylaws.payment_methods:
        yield errors.NO_PAYMENT_METHOD(field="payment_methods")
    for kind in _find_duplicates(bylaws.savings_basis):
        yield errors.CHOSEN_TWICE(choice=SAVINGS_KIND_NAMES[kind], field="savings_basis")
    for method in _find_duplicates(bylaws.payment_methods):
        yield errors.CHOSEN_TWICE(choice=PAYMENT_METHOD_NAMES[method], field="payment_methods")


def _find_duplicates(choices: Sequence[T]) -> list[T]:
    return [choice for position, choice in enumerate(choices) if choice in choices[:position]]


def _count_decimals(percent: Decimal) -> int:
    """Return the number of decimals needed to write a percentage: 2 for 12.25 and for 12.2500."""
    if not percent.is_finite():
        return 0
    exponent = percent.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
