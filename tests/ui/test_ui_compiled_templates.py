"""Compiled templates are kept between starts, and never outlive what they were compiled by."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ui import themes


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """A folder of compiled templates beside environments of this test's own."""
    themes.environment.cache_clear()
    themes.keep_compiled_in(tmp_path)
    yield tmp_path
    themes.environment.cache_clear()


def test_what_was_compiled_is_found_again(kept: Path) -> None:
    themes.environment("base", "id").get_template("errors/404.html")
    files = {file: file.stat().st_mtime_ns for file in kept.iterdir()}
    assert files
    themes.environment.cache_clear()
    themes.keep_compiled_in(kept)
    themes.environment("base", "id").get_template("errors/404.html")
    assert {file: file.stat().st_mtime_ns for file in kept.iterdir()} == files


def test_a_filter_that_is_called_otherwise_makes_templates_compile_anew(kept: Path) -> None:
    made = themes.environment("base", "id")
    before = themes._compiled_by(made)
    made.filters["datetime"] = str  # as it was before it asked for the context
    assert themes._compiled_by(made) != before


def test_languages_keep_apart_what_was_worked_out_while_compiling(kept: Path) -> None:
    assert themes._compiled_by(themes.environment("base", "id")) != themes._compiled_by(
        themes.environment("base", "en")
    )
