"""Mobile numbers: many notations, one stored form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import phone
from kernel.errors import DomainError


@pytest.mark.parametrize(
    "text",
    [
        "0812-3456-7890",
        "62 812 3456 7890",
        "+6281234567890",
        "+62 (0)812 3456 7890",
        "0812.3456.7890",
        " 081234567890 ",
        "81234567890",
        "+62\u00a0812\u20113456\u20117890",
    ],
)
def test_one_number_written_in_many_ways(text: str) -> None:
    assert phone.parse_mobile(text) == "+6281234567890"


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("089522634569", "+6289522634569"),
        ("083693923188", "+6283693923188"),
        ("0812345678", "+62812345678"),
        ("0812345678901", "+62812345678901"),
    ],
)
def test_plausible_is_enough(text: str, normalized: str) -> None:
    assert phone.parse_mobile(text) == normalized


@pytest.mark.parametrize(
    "text",
    [
        "",
        "021 555 1234",
        "081234567",
        "08123456789012",
        "0712345678",
        "+1 202 555 0100",
        "nol delapan",
        "+6+281234567890",
        "٠٨١٢٣٤٥٦٧٨٩٠",
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        phone.parse_mobile(text)
    assert refused.value.code == "kernel.not_a_mobile_number"
    assert "0812-3456-7890" in refused.value.localize("id")


def test_shown_as_people_read_it() -> None:
    assert phone.format_national("+6281234567890") == "0812-3456-7890"


@given(st.from_regex(r"\A08[0-9]{8,11}\Z"))
def test_what_is_shown_reads_back(text: str) -> None:
    normalized = phone.parse_mobile(text)
    assert (
        phone.parse_mobile(normalized) == phone.parse_mobile(phone.format_national(normalized)) == normalized
    )
