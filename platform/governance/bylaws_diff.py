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
        was, becomes = before.get(code), after.get(code)
        named = becomes or was
        if named is not None and (was is None or becomes is None or was != becomes):
            yield RuleChange(named.label, _line_text(was), _line_text(becomes))


_BASIS_IN_SENTENCE: Final[dict[Basis, LocalizedText]] = {
    "savings": LocalizedText("simpanan"),
    "purchases": LocalizedText("belanja"),
    "loans": LocalizedText("pinjaman"),
}


def _line_text(line: AllocationLine | None) -> Localizable:
    if line is None:
        return NONE_LABEL
    percent = _percent(line.percent)
    if line.basis is None:
        return percent
    return LocalizedText("{percent} menurut {basis}").format(
        percent=percent, basis=_BASIS_IN_SENTENCE[line.basis]
    )


def _other_changes(old: Bylaws, new: Bylaws) -> Iterator[RuleChange]:
    rules: list[tuple[LocalizedText, Localizable, Localizable]] = [
        (SAVINGS_KIND_NAMES["principal"], _money(old.deposits.principal), _money(new.deposits.principal)),
        (
            LocalizedText("Simpanan wajib sebulan"),
            _money(old.deposits.mandatory),
            _money(new.deposits.mandatory),
        ),
        (
            LocalizedText("Permohonan anggota dijawab dalam"),
            _days(old.membership.answer_days),
            _days(new.membership.answer_days),
        ),
        (
            LocalizedText("Potongan harga anggota"),
            _percent(old.prices.member_discount_percent),
            _percent(new.prices.member_discount_percent),
        ),
        (
            LocalizedText("Tambahan harga umum"),
            _percent(old.prices.public_markup_percent),
            _percent(new.prices.public_markup_percent),
        ),
        (
            LocalizedText("Satuan pembulatan harga"),
            _money(Rupiah(old.prices.rounding_unit)),
            _money(Rupiah(new.prices.rounding_unit)),
        ),
        (
            LocalizedText("Simpanan yang dihitung"),
            _list([SAVINGS_KIND_NAMES[kind] for kind in old.savings_basis]),
            _list([SAVINGS_KIND_NAMES[kind] for kind in new.savings_basis]),
        ),
        (
            LocalizedText("Cara bayar", context="governance.bylaws_diff"),
            _list([PAYMENT_METHOD_NAMES[method] for method in old.payment_methods]),
            _list([PAYMENT_METHOD_NAMES[method] for method in new.payment_methods]),
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


def _money(amount: Rupiah) -> Localizable:
    return JoinedText((amount,))


def _percent(value: Decimal) -> Localizable:
    return LocalizedText("{value}\u00a0%").format(value=value)


def _days(days: int) -> Localizable:
    return LocalizedText("{days} hari", counted="days").format(days=days)


def _list(names: Sequence[LocalizedText]) -> Localizable:
    if not names:
        return NONE_LABEL
    return JoinedText(tuple(names))
