"""The glossary has one plain sentence for each term, and docs/glossary.md has the same ones."""

import re
from pathlib import Path

import pytest

from ui.glossary import glossary, load_terms

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
ROW = re.compile(
    r"^\| (?P<term>[^|]+) \| `(?P<code>[^`]+)` \| (?P<id>[^|]+) \| (?P<en>[^|]+) "
    r"\|$",
    re.MULTILINE,
)


def test_the_page_lists_the_same_terms_and_sentences() -> None:
    rows = [row.groupdict() for row in ROW.finditer(PAGE.read_text("utf-8"))]
    terms = [
        {"term": word, "code": term.code, "id": term.text, "en": glossary(word, "en")}
        for word, term in load_terms().items()
    ]
    assert rows == terms


def test_terms_are_in_alphabetical_order() -> None:
    assert list(load_terms()) == sorted(load_terms(), key=str.casefold)


@pytest.mark.parametrize("word", list(load_terms()))
def test_each_is_one_short_plain_sentence(word: str) -> None:
    for sentence in (glossary(word), glossary(word, "en")):
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) <= 140


def test_a_word_within_a_sentence_is_found_too() -> None:
    assert glossary("simpanan pokok") == glossary("Simpanan pokok")


def test_an_unknown_word_is_a_fault() -> None:
    with pytest.raises(KeyError):
        glossary("dividen")
