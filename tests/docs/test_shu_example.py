"""The example of docs/shu.md is run and prints what the page says."""

import re
from pathlib import Path

from click.testing import CliRunner

from commands.allocate import allocate
from shu import allocation_json

PAGE = (Path(__file__).parents[2] / "docs" / "shu.md").read_text("utf-8")
JSON_BLOCK = re.compile(r"^```json\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_page_has_one_example_and_its_output() -> None:
    assert len(JSON_BLOCK.findall(PAGE)) == 2


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    example, output = JSON_BLOCK.findall(PAGE)
    file = tmp_path / "surplus.json"
    file.write_text(example, "utf-8")
    printed = CliRunner().invoke(allocate, [str(file)])
    assert printed.stdout == output


def test_the_percentages_of_the_example_are_those_of_its_text() -> None:
    surplus, lines, _ = allocation_json.parse_allocation_input(JSON_BLOCK.findall(PAGE)[0])
    for line in lines:
        thousandths = int(surplus) * int(line.percent * 10)
        written = f"{thousandths // 1000:,}".replace(",", ".") + f",{thousandths % 1000:03}".rstrip("0")
        assert written in PAGE
