"""What changed between two versions of the bylaws."""

from decimal import Decimal

from msgspec.structs import replace

from governance.bylaws_diff import RuleChange, diff_bylaws
from governance.templates import DESA_MERAH_PUTIH, KONSUMEN
from kernel.money import Rupiah


def test_the_same_rules_do_not_differ() -> None:
    assert diff_bylaws(KONSUMEN, KONSUMEN) == []
    rewritten = replace(KONSUMEN, prices=replace(KONSUMEN.prices, member_discount_percent=Decimal("2.00")))
    assert diff_bylaws(KONSUMEN, rewritten) == []


def localized(change: RuleChange, lang: str) -> tuple[str, str, str]:
    return change.rule.localize(lang), change.before.localize(lang), change.after.localize(lang)


def test_one_change_is_told_in_both_languages() -> None:
    new = replace(KONSUMEN, deposits=replace(KONSUMEN.deposits, mandatory=Rupiah(25_000)))
    [change] = diff_bylaws(KONSUMEN, new)
    assert localized(change, "id") == ("Simpanan wajib sebulan", "Rp20.000", "Rp25.000")
    assert localized(change, "en") == ("Mandatory deposit a month", "Rp20,000", "Rp25,000")


def test_lines_come_go_and_change() -> None:
    changes = {
        rule: (before, after)
        for rule, before, after in (
            localized(change, "id") for change in diff_bylaws(KONSUMEN, DESA_MERAH_PUTIH)
        )
    }
    assert changes["Imbal jasa desa"] == ("tidak ada", "20\u00a0%")
    assert changes["Dana karyawan"] == ("5\u00a0%", "tidak ada")
    assert changes["Jasa modal"] == ("20\u00a0% menurut simpanan", "15\u00a0% menurut simpanan")
    assert "Dana pengurus" not in changes


def test_choices_are_listed_by_name() -> None:
    old = replace(KONSUMEN, payment_methods=("cash", "bank_transfer", "savings"))
    new = replace(old, payment_methods=("cash",), savings_basis=("principal",), transfer_suffix="none")
    changes = {
        rule: (before, after)
        for rule, before, after in (localized(change, "en") for change in diff_bylaws(old, new))
    }
    assert changes == {
        "Savings that count": ("Principal deposit, Mandatory deposit", "Principal deposit"),
        "Ways of paying": ("Cash on hand-over, Bank transfer, Voluntary savings", "Cash on hand-over"),
        "Unique tail of a transfer": ("goes to the payer's voluntary savings", "is not used"),
    }
