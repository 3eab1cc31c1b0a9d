"""The JSON of `lumbung shu allocate`: input, errors and output."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from commands.allocate import allocate, allocate_file
from kernel.errors import DomainError
from shu import allocation_json

GOOD = {
    "surplus": 1_000_001,
    "allocation": [
        {"code": "cadangan", "percent": "47.5", "basis": None},
        {"code": "modal", "percent": 25, "basis": "savings"},
        {"code": "usaha", "percent": "27.5", "basis": "purchases"},
    ],
    "members": [
        {"number": "2", "savings": 1, "purchases": 0, "loans": 0},
        {"number": "10", "savings": 2, "purchases": 0, "loans": 0},
    ],
}


def with_replacement(old: str, new: str) -> str:
    text = json.dumps(GOOD)
    assert text.count(old) >= 1
    return text.replace(old, new, 1)


def get_parse_error(text: str) -> DomainError:
    with pytest.raises(DomainError) as refused:
        allocation_json.parse_allocation_input(text)
    return refused.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "surplus.json"
    path.write_text(json.dumps(GOOD), "utf-8")
    return path


def test_the_result_has_pools_members_and_leftovers(file: Path) -> None:
    assert allocate_file(str(file)) == {
        "pools": {"cadangan": 475_001, "modal": 250_000, "usaha": 275_000},
        "members": [
            {"number": "2", "shares": {"modal": 83_333, "usaha": 0}, "total": 83_333},
            {"number": "10", "shares": {"modal": 166_667, "usaha": 0}, "total": 166_667},
        ],
        "unallocated": {"usaha": 275_000},
    }


def test_the_command_prints_that_result_and_nothing_else(file: Path) -> None:
    for arguments in ([str(file)], [str(file), "--json"]):
        printed = CliRunner().invoke(allocate, arguments)
        assert printed.exit_code == 0
        assert json.loads(printed.stdout) == allocate_file(str(file))


def test_standard_input_is_a_dash() -> None:
    printed = CliRunner().invoke(allocate, ["-"], input=json.dumps(GOOD))
    assert json.loads(printed.stdout)["pools"]["cadangan"] == 475_001


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert allocate_file(str(path))["pools"]["modal"] == 250_000


def test_a_loss_divides_nothing_and_leaves_nothing() -> None:
    from shu.rules import allocate as divide

    result = allocation_json.serialize_allocation(
        divide(*allocation_json.parse_allocation_input(with_replacement("1000001", "-5")))
    )
    assert result["pools"] == {"cadangan": 0, "modal": 0, "usaha": 0}
    assert [member["total"] for member in result["members"]] == [0, 0]
    assert result["unallocated"] == {}


def test_bases_left_out_are_zero() -> None:
    _, _, members = allocation_json.parse_allocation_input(
        with_replacement(', "purchases": 0, "loans": 0', "")
    )
    assert (members[0].savings, members[0].purchases, members[0].loans) == (1, 0, 0)


def test_a_figure_beyond_64_bits_is_still_exact(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.write_text(with_replacement("1000001", "1" + "0" * 30), "utf-8")
    printed = CliRunner().invoke(allocate, [str(path)])
    assert json.loads(printed.stdout)["pools"]["modal"] == 25 * 10**28


@pytest.mark.parametrize("surplus", ["1.5", '"1000"', "1e3", "1000.0", "true", "null", "[]"])
def test_the_surplus_is_a_json_whole_number(surplus: str) -> None:
    error = get_parse_error(with_replacement("1000001", surplus))
    assert error.code == "shu.surplus_not_whole"
    assert surplus in error.localize("en")


@pytest.mark.parametrize("percent", ["47.5", "4.75e1", "null", "true"])
def test_a_percentage_is_text_or_a_whole_number(percent: str) -> None:
    error = get_parse_error(with_replacement('"47.5"', percent))
    assert error.code == "shu.percentage_not_exact"
    assert (
        error.localize("en")
        == f'The percentage of cadangan ({percent}) is not exact. Write it as text, like "25" or "2.5".'
    )


@pytest.mark.parametrize("percent", ['"47,5"', '"47.5%"', '"4e1"', '"NaN"', '""', '"١٢"'])
def test_a_percentage_in_text_is_plain_digits(percent: str) -> None:
    assert get_parse_error(with_replacement('"47.5"', percent)).code == "governance.percentage_not_a_number"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"loans"', '"loan"', "shu.key_unknown"),
        ('"members"', '"member"', "shu.key_unknown"),
        ('"percent"', '"percentage"', "shu.key_unknown"),
        ('"number": "2", ', "", "shu.key_missing"),
        ('"percent": "47.5", ', "", "shu.key_missing"),
        ('"surplus": 1000001, ', "", "shu.key_missing"),
        ('"surplus": 1000001', '"surplus": 1, "surplus": 2', "shu.key_twice"),
        ('"savings": 1', '"savings": 1.0', "shu.member_basis_not_whole"),
        ('"savings": 1', '"savings": null', "shu.member_basis_not_whole"),
        ('"savings": 1', '"savings": "1"', "shu.member_basis_not_whole"),
        ('"code": "cadangan"', '"code": 5', "shu.wrong_shape"),
        ('"code": "cadangan"', '"code": 5.0', "shu.wrong_shape"),
        ('"number": "2"', '"number": 2.0', "shu.wrong_shape"),
        ('"number": "2"', '"number": null', "shu.wrong_shape"),
        ('"basis": null', '"basis": "profit"', "shu.basis_unknown"),
        ('"basis": null', '"basis": ["savings"]', "shu.basis_unknown"),
        ('"surplus": 1000001', '"surplus": NaN', "shu.not_json"),
        ('"surplus": 1000001', '"surplus": ' + "9" * 5000, "shu.not_json"),
        ("{", "", "shu.not_json"),
        ("{", "[" * 100_000, "shu.not_json"),
    ],
)
def test_what_is_refused(old: str, new: str, code: str) -> None:
    error = get_parse_error(with_replacement(old, new))
    assert error.code == code
    for sentence in (error.localize("id"), error.localize("en")):
        assert "\n" not in sentence
        assert sentence.endswith(".")


@pytest.mark.parametrize("text", ["[]", "5", '"x"', '{"surplus": 1, "allocation": {}, "members": []}'])
def test_another_shape_is_refused(text: str) -> None:
    assert get_parse_error(text).code == "shu.wrong_shape"


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DomainError) as refused:
        allocate_file(str(tmp_path / "none.json"))
    assert refused.value.code == "shu.file_missing"
    assert str(refused.value) == f"There is no file {tmp_path / 'none.json'}."


def test_a_folder_and_a_file_of_bytes_are_not_readable(tmp_path: Path) -> None:
    binary = tmp_path / "bytes.json"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, binary):
        with pytest.raises(DomainError) as refused:
            allocate_file(str(path))
        assert refused.value.code == "shu.file_not_readable"


def test_a_table_of_105_percent_is_one_sentence_on_standard_error(
    file: Path, capsys: Any, monkeypatch: Any
) -> None:
    from commands import output

    monkeypatch.delenv("LUMBUNG_LANG", raising=False)
    file.write_text(with_replacement('"47.5"', '"52.5"'), "utf-8")
    with pytest.raises(DomainError) as refused:
        allocate_file(str(file))
    output.print_error(output.error_message(refused.value))
    assert capsys.readouterr().err == "lumbung: The allocation adds up to 105 %, it must be 100 %.\n"
