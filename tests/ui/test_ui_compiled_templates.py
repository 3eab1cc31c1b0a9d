"""Compiled templates are kept between starts, and are discarded when their sources change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ui import themes


@pytest.fixture
def cache_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for compiled templates of this test."""
    themes.get_environment.cache_clear()
    themes.enable_bytecode_cache(tmp_path)
    yield tmp_path
    themes.get_environment.cache_clear()


def test_what_was_compiled_is_found_again(cache_folder: Path) -> None:
    themes.get_environment("base", "id").get_template("errors/404.html")
    files = {file: file.stat().st_mtime_ns for file in cache_folder.iterdir()}
    assert files
    themes.get_environment.cache_clear()
    themes.enable_bytecode_cache(cache_folder)
    themes.get_environment("base", "id").get_template("errors/404.html")
    assert {file: file.stat().st_mtime_ns for file in cache_folder.iterdir()} == files


def test_a_filter_that_is_called_otherwise_makes_templates_compile_anew(cache_folder: Path) -> None:
    made = themes.get_environment("base", "id")
    before = themes._bytecode_cache_version(made)
    made.filters["datetime"] = str  # the template before it asked for the context
    assert themes._bytecode_cache_version(made) != before


def test_languages_keep_apart_what_was_worked_out_while_compiling(cache_folder: Path) -> None:
    assert themes._bytecode_cache_version(
        themes.get_environment("base", "id")
    ) != themes._bytecode_cache_version(themes.get_environment("base", "en"))
