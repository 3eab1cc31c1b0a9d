"""Check the page templates for mistakes that reviews overlook: `make check` runs it over themes/*/templates.

The rules: every form has a CSRF token, user data is escaped, the content security policy holds, every text is
translated, images declare their size, and nothing is loaded from other sites.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# Templates that may mark a value as safe HTML, with the reason. Everything else escapes.
SAFE_ALLOWED: Final[dict[str, str]] = {}
# Text that is the same in every language.
UNTRANSLATED: Final = frozenset(
    {"Lumbung", "SHU", "ID", "EN", "Rp", "WhatsApp", "CSV", "HTML", "CSS", "htmx"}
)

EXPRESSION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
TRANSLATED: Final = re.compile(r"\{%-?\s*trans\b.*?%\}.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
COMMENT: Final = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
STATEMENT: Final = re.compile(r"\{%.*?%\}", re.DOTALL)
SAFE: Final = re.compile(r"\|\s*safe\b|\bMarkup\(|\{%-?\s*autoescape\s+false")
WORD: Final = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
# Macros also write attributes, and blocks pass on names of classes and drawings, which no reader sees.
NOT_TEXT: Final = re.compile(
    r"[\w-]+=\"[^\"]*\"|(?<!\S)(?:required|checked|selected|disabled|hidden)(?!\S)|\b[a-z]+(?:-+[a-z0-9]+)+\b",
)
DYNAMIC_TAG: Final = re.compile(r"(</?)\{\{.*?\}\}")
TEXT_ATTRIBUTES: Final = frozenset({"alt", "aria-label", "placeholder", "title"})
VOID_ELEMENTS: Final = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
PLACEHOLDER: Final = "\x00"  # replaces an expression or a translated text, whose content is unknown


class TemplateChecker(HTMLParser):
    """Checks the HTML that remains when the template language is blanked out; line numbers stay the same."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._open_tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID_ELEMENTS:
            self._open_tags.append(tag)
        if tag == "style" or "style" in given:
            self._report("inline style: put it in the stylesheet, the content security policy refuses it")
        if tag == "script" and "src" not in given:
            self._report("inline script: put it in a file, the content security policy refuses it")
        if any(name.startswith("on") for name in given):
            self._report("event attribute: put it in a script file, the content security policy refuses it")
        if tag == "img":
            lacking = [
                name for name in ("alt", "width", "height") if name not in given and PLACEHOLDER not in given
            ]
            if lacking:
                self._report(f"<img> without {', '.join(lacking)}")
        for name in ("src", "href", "action", "poster", "srcset"):
            external = re.match(r"(?:https?:)?//", given.get(name, "").strip())
            if external and not (tag == "a" and name == "href"):
                self._report(f"{name} points to another host: everything is served from here")
        for name in TEXT_ATTRIBUTES & given.keys() - ({"aria-label", "title"} if "lang" in given else set()):
            self._check_text(given[name], f"{name}=")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open_tags:
            while self._open_tags.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "code", "kbd"} & set(self._open_tags):
            self._check_text(data, "")

    def _check_text(self, text: str, where: str) -> None:
        words = [word for word in WORD.findall(NOT_TEXT.sub(" ", text)) if word not in UNTRANSLATED]
        if words:
            self._report(
                f'{where}"{" ".join(text.replace(PLACEHOLDER, "…").split())[:60]}" is not wrapped by _()'
            )

    def _report(self, problem: str) -> None:
        self.found.append((self.getpos()[0], problem))


def blank(match: re.Match[str]) -> str:
    """Return a placeholder with as many newlines as the text that it replaces."""
    return f" {PLACEHOLDER} " + "\n" * match.group().count("\n")


def blank_all(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


def find_problems(source: str, name: str = "") -> Iterator[tuple[int, str]]:
    """Yield every (line, problem) of a template."""
    bare = COMMENT.sub(blank_all, source)
    if name not in SAFE_ALLOWED:
        for hit in SAFE.finditer(bare):
            yield (
                line_of(bare, hit.start()),
                (
                    "marks HTML as safe: everything escapes, but for the templates named in "
                    "infra/lint_templates.py"
                ),
            )
    for form in re.finditer(
        r"<form\b[^>]*\bmethod=[\"']post[\"'].*?(?:</form>|\Z)", bare, re.DOTALL | re.IGNORECASE
    ):
        if not re.search(r"\{\{-?\s*csrf\(\)", form.group()):
            yield line_of(bare, form.start()), "a form that posts lacks {{ csrf() }}"
    tagged = DYNAMIC_TAG.sub(r"\1x-any", TRANSLATED.sub(blank, bare))
    html = STATEMENT.sub(blank_all, EXPRESSION.sub(blank, tagged))
    page = TemplateChecker()
    page.feed(html)
    page.close()
    yield from page.found


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def main() -> int:
    count = 0
    for path in sorted(ROOT.glob("themes/*/templates/**/*.html")):
        name = str(path.relative_to(ROOT))
        for line, problem in sorted(find_problems(path.read_text(encoding="utf-8"), name)):
            print(f"{name}:{line}: {problem}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
