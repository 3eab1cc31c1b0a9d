"""The check of retired words reads names only."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_check() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "infra" / "check_words.py"
    spec = importlib.util.spec_from_file_location("check_words", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_words"] = module
    spec.loader.exec_module(module)
    return module


check_words = load_check()
RETIRED = check_words.read_retired(
    "| Term | Meaning | Retired words |\n|---|---|---|\n"
    "| LoginThrottle | Counts. | `Door`, `-knock-` |\n| cell | A server. | |\n"
)


def found(source: str, allowed: tuple[str, ...] = ()) -> list[tuple[int, str, str, str]]:
    return [
        (each.line, each.name, each.word, each.term)
        for each in check_words.find_retired("a.py", source, RETIRED, allowed)
    ]


@pytest.mark.parametrize("name", ["knock", "knock_twice", "KnockLimit", "MAX_KNOCK", "_lastKnock"])
def test_a_retired_part_of_a_name_is_found(name: str) -> None:
    assert found(f"x = 1\n{name} = x\n") == [(2, name, "knock", "LoginThrottle")]


def test_a_retired_whole_name_is_found_and_a_longer_name_is_not() -> None:
    assert found("class Door: ...\nclass DoorFrame: ...\n") == [(1, "Door", "Door", "LoginThrottle")]


@pytest.mark.parametrize(
    "source",
    [
        "x = 'knock'\n",
        "# knock\n",
        '"""Door, knock."""\n',
        "knocking = 1\n",
        "def test_a_knock_is_heard() -> None: ...\n",
    ],
)
def test_strings_comments_longer_words_and_names_of_tests_are_not(source: str) -> None:
    assert found(source) == []


def test_an_allowed_name_is_not_found() -> None:
    assert found("knock = 1\n", ("knock",)) == []


def test_the_table_of_the_house_retires_words_and_the_code_uses_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_words.main() == 0, capsys.readouterr().out
