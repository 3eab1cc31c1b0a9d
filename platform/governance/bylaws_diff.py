"""Compare two versions of the bylaws, in the words of the page that shows the differences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from governance.rules import (
    PAYMENT_METHOD_NAMES,
    SAVINGS_KIND_NAMES,
    UNIQUE_SUFFIX_POLICY_NAMES,
    AllocationLine,
    Basis,
    Bylaws,
)
from kernel.errors import JoinedText, Localizable, LocalizedText
from kernel.money import Rupiah

NONE_LABEL = LocalizedText("tidak ada")


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule's name, with its old and its new value."""

    rule: Localizable
    before: Localizable
    after: Localizable


def diff_bylaws(old: Bylaws, new: Bylaws) -> list[RuleChange]:
    """Return the rules that differ, in the order of the page; empty when the versions are equal."""
    return [*_allocation_changes(old.allocation, new.allocation), *_other_changes(old, new)]


def _allocation_changes(old: Sequence[AllocationLine], new: Sequence[AllocationLine]) -> Iterator[RuleChange]:
    before, after = {line.code: line for line in old}, {line.code: line for line in new}
    for code in {**after, **before}:
        old_line, new_line = before.get(code), after.get(code)
        known_line = new_line or old_line
        if known_line is not None and (old_line is None or new_line is None or old_line != new_line):
            yield RuleChange(known_line.label, _format_line(old_line), _format_line(new_line))


_BASIS_IN_SENTENCE: Final[dict[Basis, LocalizedText]] = {
    "savings": LocalizedText("simpanan"),
    "purchases": LocalizedText("belanja"),
    "loans": LocalizedText("pinjaman"),
}


def _format_line(line: AllocationLine | None) -> Localizable:
    if line is None:
        return NONE_LABEL
    percent = _format_percent(line.percent)
    if line.basis is None:
        return percent
    return LocalizedText("{percent} menurut {basis}").format(
        percent=percent, basis=_BASIS_IN_SENTENCE[line.basis]
    )


def _other_changes(old: Bylaws, new: Bylaws) -> Iterator[RuleChange]:
    rules: list[tuple[LocalizedText, Localizable, Localizable]] = [
        (
            SAVINGS_KIND_NAMES["principal"],
            _format_money(old.deposits.principal),
            _format_money(new.deposits.principal),
        ),
        (
            LocalizedText("Simpanan wajib sebulan"),
            _format_money(old.deposits.mandatory),
            _format_money(new.deposits.mandatory),
        ),
        (
            LocalizedText("Permohonan anggota dijawab dalam"),
            _format_days(old.membership.answer_days),
            _format_days(new.membership.answer_days),
        ),
        (
            LocalizedText("Potongan harga anggota"),
            _format_percent(old.prices.member_discount_percent),
            _format_percent(new.prices.member_discount_percent),
        ),
        (
            LocalizedText("Tambahan harga umum"),
            _format_percent(old.prices.public_markup_percent),
            _format_percent(new.prices.public_markup_percent),
        ),
        (
            LocalizedText("Satuan pembulatan harga"),
            _format_money(Rupiah(old.prices.rounding_unit)),
            _format_money(Rupiah(new.prices.rounding_unit)),
        ),
        (
            LocalizedText("Simpanan yang dihitung"),
            _format_list([SAVINGS_KIND_NAMES[kind] for kind in old.savings_basis]),
            _format_list([SAVINGS_KIND_NAMES[kind] for kind in new.savings_basis]),
        ),
        (
            LocalizedText("Cara bayar", context="governance.bylaws_diff"),
            _format_list([PAYMENT_METHOD_NAMES[method] for method in old.payment_methods]),
            _format_list([PAYMENT_METHOD_NAMES[method] for method in new.payment_methods]),
        ),
        (
            LocalizedText("Angka unik transfer"),
            UNIQUE_SUFFIX_POLICY_NAMES[old.transfer_suffix],
            UNIQUE_SUFFIX_POLICY_NAMES[new.transfer_suffix],
        ),
    ]
    for rule, before, after in rules:
        if before != after:
            yield RuleChange(rule, before, after)


def _format_money(amount: Rupiah) -> Localizable:
    return JoinedText((amount,))


def _format_percent(value: Decimal) -> Localizable:
    return LocalizedText("{value}\u00a0%").format(value=value)


def _format_days(days: int) -> Localizable:
    return LocalizedText("{days} hari", counted="days").format(days=days)


def _format_list(names: Sequence[LocalizedText]) -> Localizable:
    if not names:
        return NONE_LABEL
    return JoinedText(tuple(names))
