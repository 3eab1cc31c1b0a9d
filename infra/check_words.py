"""Refuse retired words in identifiers: a part of `make check`.

The words are in the column "Retired words" of the table in docs/software-terms.md. An entry `Name` is a whole
identifier, an entry `-part-` is one part of an identifier, split at underscores and capitals. Comments,
strings, names of tests and revisions of migrations are not read.
"""

from __future__ import annotations

import io
import keyword
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
TERMS: Final = ROOT / "docs" / "software-terms.md"
FOLDERS: Final = ("platform", "tests", "infra")

# Names that contain a retired word and stay, with the reason.
ALLOWED: Final[dict[str, str]] = {}

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENTRY: Final = re.compile(r"`([^`]+)`")


class Retired(NamedTuple):
    """Retired parts and whole identifiers, each with the term that replaces it."""

    parts: dict[str, str]
    names: dict[str, str]


class Finding(NamedTuple):
    path: str
    line: int
    name: str
    word: str
    term: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name}: “{self.word}” is retired, say {self.term}"


def read_retired(markdown: str) -> Retired:
    """Return the retired words in the tables of software-terms.md."""
    parts: dict[str, str] = {}
    names: dict[str, str] = {}
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 3 or cells[0] == "Term" or set(cells[0]) <= {"-", ":"}:
            continue
        for entry in _ENTRY.findall(cells[2]):
            if len(entry) > 2 and entry.startswith("-") and entry.endswith("-"):
                parts[entry.strip("-").lower()] = cells[0]
            else:
                names[entry] = cells[0]
    return Retired(parts, names)


def split_identifier(name: str) -> list[str]:
    """Return the lower-case parts of a name: `LoginThrottle_hit2` gives login, throttle, hit, 2."""
    return [part.lower() for part in _PART.findall(name)]


def find_retired(
    path: str, source: str, retired: Retired, allowed: Iterable[str] = ALLOWED
) -> Iterator[Finding]:
    """Yield each identifier of ``source`` that is retired or has a retired part, at its first line."""
    seen = set(allowed)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = token.string
        if token.type != tokenize.NAME or name in seen or keyword.iskeyword(name):
            continue
        seen.add(name)
        if name in retired.names:
            yield Finding(path, token.start[0], name, name, retired.names[name])
            continue
        if name.startswith("test_"):  # a test's name is a sentence
            continue
        for part in split_identifier(name):
            if part in retired.parts:
                yield Finding(path, token.start[0], name, part, retired.parts[part])
                break


def list_sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "versions" not in path.parts:
                yield path


def main() -> int:
    retired = read_retired(TERMS.read_text(encoding="utf-8"))
    if not retired.parts or not retired.names:
        print("docs/software-terms.md retires nothing: its table cannot be read")
        return 1
    findings = [
        finding
        for path in list_sources()
        for finding in find_retired(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"), retired)
    ]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
