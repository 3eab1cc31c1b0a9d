"""The bylaws as values: templates, every validation error with its sentence, and the stored document."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from governance.rules import (
    AllocationLine,
    Bylaws,
    decode_bylaws,
    encode_bylaws,
    require_valid,
    sum_percents,
    validate_bylaws,
)
from governance.templates import DESA_MERAH_PUTIH, KONSUMEN, TEMPLATE_NAMES, TEMPLATES
from kernel.errors import DomainError
from kernel.money import Rupiah


def with_line(bylaws: Bylaws, position: int, **changes: Any) -> Bylaws:
    lines = list(bylaws.allocation)
    lines[position] = replace(lines[position], **changes)
    return replace(bylaws, allocation=tuple(lines))


def percentages(bylaws: Bylaws) -> dict[str, str]:
    return {line.code: str(line.percent) for line in bylaws.allocation}


class TestTemplates:
    def test_konsumen(self) -> None:
        assert percentages(KONSUMEN) == {
            "cadangan": "25",
            "jasa_modal": "20",
            "jasa_usaha": "35",
            "pengurus": "5",
            "karyawan": "5",
            "pendidikan": "5",
            "sosial": "2.5",
            "pembangunan": "2.5",
        }
        assert (KONSUMEN.deposits.principal, KONSUMEN.deposits.mandatory) == (100_000, 20_000)
        assert KONSUMEN.prices.member_discount_percent == 2

    def test_desa_merah_putih(self) -> None:
        assert percentages(DESA_MERAH_PUTIH) == {
            "imbal_jasa_desa": "20",
            "cadangan": "20",
            "jasa_modal": "15",
            "jasa_usaha": "30",
            "pengurus": "5",
            "pendidikan": "5",
            "sosial": "5",
        }
        assert (DESA_MERAH_PUTIH.deposits.principal, DESA_MERAH_PUTIH.deposits.mandatory) == (50_000, 10_000)
        assert DESA_MERAH_PUTIH.prices.member_discount_percent == 0

    @pytest.mark.parametrize("name", TEMPLATES)
    def test_each_is_valid_named_and_divides_by_savings_and_purchases(self, name: str) -> None:
        bylaws = TEMPLATES[name]
        assert validate_bylaws(bylaws) == []
        assert TEMPLATE_NAMES[name].localize("id")
        assert {line.code: line.basis for line in bylaws.allocation if line.basis} == {
            "jasa_modal": "savings",
            "jasa_usaha": "purchases",
        }
        require_valid(bylaws)


class TestProblems:
    def test_105_percent_is_told_in_both_languages(self) -> None:
        (problem,) = validate_bylaws(with_line(KONSUMEN, 0, percent=Decimal(30)))
        assert problem.localize("en") == "The allocation adds up to 105 %, it must be 100 %."
        assert problem.localize("id") == "Pembagian SHU berjumlah 105 %, seharusnya 100 %."
        assert problem.status == 422

    def test_decimals_are_summed_exactly(self) -> None:
        (problem,) = validate_bylaws(with_line(KONSUMEN, 6, percent=Decimal("2.5001")))
        assert problem.localize("id").startswith("Pembagian SHU berjumlah 100,0001 %")

    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"percent": Decimal(-5)}, "governance.percentage_negative", "allocation.0.percent"),
            ({"percent": Decimal("NaN")}, "governance.percentage_not_a_number", "allocation.0.percent"),
            ({"percent": Decimal("25.00001")}, "governance.percentage_too_fine", "allocation.0.percent"),
            ({"code": "jasa_usaha"}, "governance.line_twice", "allocation.2.code"),
            ({"code": "Dana 1"}, "governance.code_not_plain", "allocation.0.code"),
            ({"code": ""}, "governance.code_not_plain", "allocation.0.code"),
            ({"label_en": " "}, "governance.label_missing", "allocation.0.label_id"),
            ({"kind": "members"}, "governance.basis_missing", "allocation.0.basis"),
            ({"basis": "savings"}, "governance.basis_unwanted", "allocation.0.basis"),
            ({"account": "kas"}, "governance.account_not_a_code", "allocation.0.account"),
        ],
    )
    def test_of_a_line(self, changes: dict[str, Any], code: str, field: str) -> None:
        found = {
            problem.code: problem.params.get("field")
            for problem in validate_bylaws(with_line(KONSUMEN, 0, **changes))
        }
        assert found[code] == field

    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"allocation": ()}, "governance.allocation_empty", None),
            (
                {"deposits": replace(KONSUMEN.deposits, principal=Rupiah(-1))},
                "governance.deposit_negative",
                "deposits.principal",
            ),
            (
                {"deposits": replace(KONSUMEN.deposits, mandatory=Rupiah(-1))},
                "governance.deposit_negative",
                "deposits.mandatory",
            ),
            (
                {"membership": replace(KONSUMEN.membership, answer_days=0)},
                "governance.out_of_range",
                "membership.answer_days",
            ),
            (
                {"prices": replace(KONSUMEN.prices, member_discount_percent=Decimal(100))},
                "governance.out_of_range",
                "prices.member_discount_percent",
            ),
            (
                {"prices": replace(KONSUMEN.prices, member_discount_percent=Decimal("Infinity"))},
                "governance.percentage_not_a_number",
                "prices.member_discount_percent",
            ),
            (
                {"prices": replace(KONSUMEN.prices, public_markup_percent=Decimal("-0.5"))},
                "governance.out_of_range",
                "prices.public_markup_percent",
            ),
            (
                {"prices": replace(KONSUMEN.prices, public_markup_percent=Decimal("0.12345"))},
                "governance.percentage_too_fine",
                "prices.public_markup_percent",
            ),
            (
                {"prices": replace(KONSUMEN.prices, rounding_unit=0)},
                "governance.out_of_range",
                "prices.rounding_unit",
            ),
            ({"savings_basis": ()}, "governance.savings_basis_empty", "savings_basis"),
            ({"savings_basis": ("principal", "principal")}, "governance.chosen_twice", "savings_basis"),
            ({"payment_methods": ()}, "governance.no_payment_way", "payment_methods"),
            ({"payment_methods": ("cash", "cash")}, "governance.chosen_twice", "payment_methods"),
        ],
    )
    def test_of_the_rest(self, changes: dict[str, Any], code: str, field: str | None) -> None:
        (problem,) = validate_bylaws(replace(KONSUMEN, **changes))
        assert (problem.code, problem.params.get("field")) == (code, field)
        assert problem.localize("id") != problem.localize("en")

    def test_savings_need_no_kinds_where_nothing_is_divided_by_them(self) -> None:
        line = AllocationLine(
            code="cadangan",
            label_id="Cadangan",
            label_en="Reserve",
            percent=Decimal(100),
            kind="reserve",
            account="3161",
        )
        assert validate_bylaws(replace(KONSUMEN, allocation=(line,), savings_basis=())) == []

    def test_a_percentage_of_zero_is_allowed(self) -> None:
        bylaws = with_line(with_line(KONSUMEN, 6, percent=Decimal(0)), 7, percent=Decimal(5))
        assert validate_bylaws(bylaws) == []


class TestRequireValid:
    def test_one_problem_is_raised_itself(self) -> None:
        with pytest.raises(DomainError) as refused:
            require_valid(with_line(KONSUMEN, 0, percent=Decimal(30)))
        assert refused.value.code == "governance.allocation_not_100"

    def test_several_are_told_together_in_each_language(self) -> None:
        with pytest.raises(DomainError) as refused:
            require_valid(replace(with_line(KONSUMEN, 0, percent=Decimal(30)), payment_methods=()))
        assert refused.value.code == "governance.bylaws_not_valid"
        assert refused.value.localize("en") == (
            "The bylaws are not right yet: The allocation adds up to 105 %, it must be 100 %. Choose "
            "at least one way of paying."
        )
        assert "seharusnya 100 %. Pilih paling sedikit satu cara bayar." in refused.value.localize("id")


class TestDocument:
    @pytest.mark.parametrize("name", TEMPLATES)
    def test_reads_back_what_it_writes(self, name: str) -> None:
        stored = json.loads(json.dumps(encode_bylaws(TEMPLATES[name])))
        assert decode_bylaws(stored) == TEMPLATES[name]

    def test_keeps_percentages_as_text_and_money_as_whole_numbers(self) -> None:
        document = encode_bylaws(KONSUMEN)
        assert document["allocation"][6]["percent"] == "2.5"
        assert type(document["deposits"]["principal"]) is int
        assert type(decode_bylaws(document).deposits.principal) is Rupiah

    @pytest.mark.parametrize(
        ("part", "changes"),
        [
            (None, {"surprise": 1}),
            ("deposits", {"principal": 1.5}),
            ("deposits", {"principal": "100000"}),
            ("prices", {"rounding_unit": None}),
            (None, {"payment_methods": ["barter"]}),
        ],
    )
    def test_another_document_is_refused(self, part: str | None, changes: dict[str, Any]) -> None:
        document = encode_bylaws(KONSUMEN)
        (document if part is None else document[part]).update(changes)
        with pytest.raises(msgspec.ValidationError):
            decode_bylaws(document)

    @given(st.lists(st.decimals(0, 100, places=4), max_size=30))
    def test_percentages_are_summed_without_rounding(self, percents: list[Decimal]) -> None:
        assert sum_percents(percents) * 10_000 == sum(int(percent * 10_000) for percent in percents)
