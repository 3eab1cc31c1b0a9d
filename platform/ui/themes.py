"""Themes: folders of templates, styles and colours; a child overrides files of its parent."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import mimetypes
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

from kernel import formats, phone
from kernel.errors import StoredText
from kernel.translations import THEMES_DIR, get_translations, language_name, list_languages
from ui.glossary import glossary

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context

    from kernel.formats import Lang
    from ui.context import Brand

NODE_MODULES = THEMES_DIR.parent / "node_modules"
# Third-party scripts, fetched at set-up; pages refer to them like to the files of a theme.
VENDOR_SCRIPTS = {"htmx.min.js": NODE_MODULES / "htmx.org" / "dist" / "htmx.min.js"}

# Every form holds this placeholder; ``ui.rendering`` replaces it by the viewer's token, so that rendered
# parts can be shared.
CSRF_PLACEHOLDER = "\x1acsrf\x1a"


class Theme(msgspec.Struct, frozen=True):
    """The description of a theme. ``brand`` holds the colours that a cooperative may replace."""

    name: str
    parent: str | None
    title: str
    note: str
    brand: dict[str, str]

    @property
    def folders(self) -> list[Path]:
        """The folders that are searched for its files, its own first."""
        own = THEMES_DIR / self.name
        return [own, *load_themes()[self.parent].folders] if self.parent else [own]


@functools.cache
def load_themes() -> dict[str, Theme]:
    """Return every theme by name, ``base`` first."""
    found = {}
    for file in sorted(THEMES_DIR.glob("*/theme.toml")):
        theme = tomllib.loads(file.read_text("utf-8"))
        name = file.parent.name
        found[name] = Theme(name, theme.get("parent"), theme["title"], theme["note"], theme.get("brand", {}))
    return dict(sorted(found.items(), key=lambda item: item[0] != "base"))


class Asset(msgspec.Struct, frozen=True):
    """A static file in memory, with the checksum that is part of its URL.

    ``gzipped`` is None when gzip does not make it smaller.
    """

    content: bytes
    media_type: str
    checksum: str
    gzipped: bytes | None


@functools.cache
def load_assets() -> dict[str, Asset]:
    """Return every static file by name.

    These are the files of the themes, one stylesheet per theme, and the third-party scripts.
    """
    found: dict[str, bytes] = {}
    for theme in load_themes().values():
        styles = []
        for folder in reversed(theme.folders):
            styles += [part.read_text("utf-8") for part in sorted((folder / "static" / "css").glob("*.css"))]
            for file in sorted((folder / "static").glob("*.*")):
                prefix = "" if folder.name == "base" else f"{folder.name}/"
                found[prefix + file.name] = file.read_bytes()
        found[f"{theme.name}.css"] = "\n".join(styles).encode()
    for name, file in VENDOR_SCRIPTS.items():
        if file.exists():
            found[name] = file.read_bytes()
    return {
        name: Asset(
            content, _media_type(name), hashlib.sha256(content).hexdigest()[:12], _gzip_if_smaller(content)
        )
        for name, content in found.items()
    }


def _gzip_if_smaller(content: bytes) -> bytes | None:
    packed = gzip.compress(content, 9, mtime=0)
    return packed if len(packed) < len(content) else None


def asset_url(name: str) -> str:
    """Return the URL of a static file; it contains the checksum, so browsers may cache it forever."""
    name = name.lstrip("/")
    asset = load_assets().get(name)
    if asset is None:
        return f"/aset/-/{name}"  # that URL answers 404; a missing file must not fail the page
    return f"/aset/{asset.checksum}/{name}"


@functools.cache
def get_environment(theme: str, lang: Lang) -> Environment:
    """Return the template environment of a theme in a language."""
    chosen = load_themes().get(theme) or load_themes()["base"]
    made = Environment(
        loader=FileSystemLoader([folder / "templates" for folder in chosen.folders]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=400,
    )
    made.install_gettext_translations(get_translations(lang), newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    made.filters.update(
        rupiah=functools.partial(formats.rupiah, lang=lang),
        number=functools.partial(formats.number, lang=lang),
        input_number=formats.number,  # in a field: as it is read back, whatever the language
        percent=functools.partial(formats.percent, lang=lang),
        date=_make_date_filter(lang),
        month=functools.partial(formats.month, lang=lang),
        datetime=_make_datetime_filter(lang),
        phone=phone.format_national,
        account_name=lambda account: StoredText(account.name_id, account.name_en).localize(lang),
        json=lambda value: json.dumps(value, ensure_ascii=False),
    )
    made.globals.update(
        asset=asset_url,
        lang=lang,
        languages=[(each, language_name(each)) for each in list_languages()],
        csrf=lambda: Markup(CSRF_PLACEHOLDER),  # noqa: S704 - a constant
        glossary=functools.partial(glossary, lang=lang),
    )
    return made


def _make_date_filter(lang: Lang) -> Callable[[Context, date], str]:
    """Return the filter that formats a date; of a datetime, the date in the cooperative's time zone."""

    @pass_context
    def date_long(context: Context, day: date) -> str:
        if isinstance(day, datetime):
            brand: Brand | None = context.get("brand")
            day = day.astimezone(ZoneInfo(brand.timezone if brand else formats.JAKARTA)).date()
        return formats.date_long(day, lang)

    return date_long


def _make_datetime_filter(lang: Lang) -> Callable[[Context, datetime], str]:
    """Return the filter that formats a datetime in the time zone of the brand, else of Jakarta."""

    @pass_context
    def date_time(context: Context, moment: datetime) -> str:
        brand: Brand | None = context.get("brand")
        return formats.date_time(moment, lang, brand.timezone if brand else formats.JAKARTA)

    return date_time


def enable_bytecode_cache(folder: Path) -> None:
    """Cache compiled templates in ``folder`` for later starts and other processes.

    If the folder cannot be created, templates are compiled at each start.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    for theme in load_themes():
        for lang in list_languages():
            made = get_environment(theme, lang)
            made.bytecode_cache = FileSystemBytecodeCache(
                str(folder), f"{_bytecode_cache_version(made)}_%s.cache"
            )


def _bytecode_cache_version(made: Environment) -> str:
    """Return a hash of what compiled templates depend on besides their source.

    That is jinja's version, the extensions, the calling convention of filters, and the language, because a
    filter of a constant is evaluated during compilation.
    """
    calls = {name: str(getattr(filter_, "jinja_pass_arg", "")) for name, filter_ in made.filters.items()}
    inputs = [jinja2.__version__, sorted(calls.items()), sorted(made.extensions), made.globals["lang"]]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:12]


def _media_type(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return (
        f"{guessed}; charset=utf-8"
        if guessed.startswith("text/") or guessed.endswith(("javascript", "svg+xml"))
        else guessed
    )
