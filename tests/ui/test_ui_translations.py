"""What pages say is Indonesian first; whatever they say has its English, and no English is kept of what
nobody says any more.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

from ui.translations import get_translations

ROOT = Path(__file__).resolve().parents[2]
# Their sentences go to a terminal, in English.
TERMINAL_ROOMS = {"commands"}


def _english() -> dict[str, str]:
    found = {}
    for file in sorted((ROOT / "themes").glob("*/locale/en/*.po")):
        with file.open("rb") as source:
            for message in read_po(source):
                if message.id:
                    found[message.id if isinstance(message.id, str) else message.id[0]] = file.name
    return found


def _python_messages() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "platform").rglob("*.py")):
        if path.relative_to(ROOT / "platform").parts[0] in TERMINAL_ROOMS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                first = node.args[0]
                if (
                    name in {"say", "gettext"}
                    and isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                ):
                    yield str(path.relative_to(ROOT)), first.value


def test_every_sentence_that_python_says_has_its_english() -> None:
    english = _english()
    assert not [(path, sentence) for path, sentence in _python_messages() if sentence not in english]


def test_a_word_in_a_context_has_its_own_english_and_each_context_is_said() -> None:
    said = {
        found
        for path in (ROOT / "themes").rglob("*.html")
        for found in re.findall(r"""pgettext\("([^"]+)", "([^"]+)"\)""", path.read_text())
    }
    kept = set()
    for file in (ROOT / "themes").glob("*/locale/en/*.po"):
        with file.open("rb") as source:
            kept |= {(message.context, message.id) for message in read_po(source) if message.context}
    assert said == kept
    english = get_translations("en")
    assert (english.pgettext("money", "Masuk"), english.gettext("Masuk")) == ("Received", "Sign in")
    assert (english.pgettext("one", "Koperasi"), english.gettext("Koperasi")) == (
        "Cooperative",
        "Cooperatives",
    )
    assert get_translations("id").pgettext("money", "Masuk") == "Masuk"


def test_no_english_is_kept_of_what_nobody_says() -> None:
    def folded(text: str) -> str:
        return re.sub(r"\s+", " ", text)

    in_python = {
        node.value
        for path in (ROOT / "platform").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    in_templates = folded("".join(path.read_text() for path in (ROOT / "themes").rglob("*.html")))
    unsaid = [
        (file, sentence)
        for sentence, file in _english().items()
        if sentence not in in_python
        and folded(sentence) not in in_templates
        and re.sub(r"%\((\w+)\)s", r"{{ \1 }}", folded(sentence)) not in in_templates
    ]
    assert not unsaid
