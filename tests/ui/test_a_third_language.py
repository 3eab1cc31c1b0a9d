"""A third language is a folder in `locale/`: pages, errors and counts use it without another change."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kernel import formats, translations
from kernel.errors import LocalizedText
from ui import themes
from ui.errors import TOO_MANY_ATTEMPTS

JAVANESE = """
msgid ""
msgstr ""
"Language: jv\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgctxt "language"
msgid "Bahasa Indonesia"
msgstr "Basa Jawa"

msgid "Masuk"
msgstr "Mlebet"

msgid "Terlalu sering dicoba. Tunggu {minutes} menit, lalu coba lagi."
msgid_plural "Terlalu sering dicoba. Tunggu {minutes} menit, lalu coba lagi."
msgstr[0] "Kakehan. Entenana samenit."
msgstr[1] "Kakehan. Entenana {minutes} menit."
"""


def forget_languages() -> None:
    translations.get_translations.cache_clear()
    translations.list_languages.cache_clear()
    themes.get_environment.cache_clear()


@pytest.fixture
def javanese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copytree(translations.THEMES_DIR / "base" / "locale", tmp_path / "base" / "locale")
    stub = tmp_path / "base" / "locale" / "jv" / "base.po"
    stub.parent.mkdir()
    stub.write_text(JAVANESE, "utf-8")
    monkeypatch.setattr(translations, "THEMES_DIR", tmp_path)
    forget_languages()
    yield
    monkeypatch.undo()
    forget_languages()


@pytest.mark.usefixtures("javanese")
async def test_a_page_speaks_it_and_falls_back_to_indonesian(visitor: Callable[[str], Any]) -> None:
    client = visitor("melati")
    assert (await client.get("/bahasa/jv")).headers["set-cookie"].startswith("bahasa=jv")
    client.cookies.set("bahasa", "jv")
    page = (await client.get("/")).text
    assert 'lang="jv"' in page
    assert "Mlebet" in page
    assert "Langsung ke isi halaman" in page
    assert 'href="/bahasa/en?' in page
    assert 'href="/bahasa/id?' in page


@pytest.mark.usefixtures("javanese")
def test_an_error_and_a_count_are_shown_in_it() -> None:
    assert TOO_MANY_ATTEMPTS(minutes=1).localize("jv") == "Kakehan. Entenana samenit."
    assert TOO_MANY_ATTEMPTS(minutes=3).localize("jv") == "Kakehan. Entenana 3 menit."
    assert LocalizedText("Masuk").localize("jv") == "Mlebet"
    assert LocalizedText("{days} hari", counted="days").format(days=2).localize("jv") == "2 hari"


@pytest.mark.usefixtures("javanese")
def test_it_is_a_choice_by_its_own_name() -> None:
    assert translations.list_languages() == ("id", "en", "jv")
    assert [translations.language_name(each) for each in translations.list_languages()] == [
        "Bahasa Indonesia",
        "English",
        "Basa Jawa",
    ]


def test_numbers_and_dates_are_written_as_the_language_does() -> None:
    assert formats.rupiah(-12_500, "jv") == "-Rp12.500"
    assert formats.rupiah(12_500, "ar-x-unknown") == "Rp12.500"
    assert formats.date_long(date(2026, 8, 4), "jv") == "4 Agustus 2026"


def test_what_has_no_folder_is_shown_in_indonesian() -> None:
    assert translations.choose_language("jv") == translations.choose_language(None) == "id"
    assert translations.choose_language("../en") == "id"
