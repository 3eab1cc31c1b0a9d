"""Pages are written in Indonesian; every text has its English, and no unused English is kept."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from kernel.translations import get_translations

ROOT = Path(__file__).resolve().parents[2]
# Their sentences go to a terminal, in English.
TERMINAL_ROOMS = {"commands"}
# Which argument of a call is an Indonesian text to translate.
TEXT_POSITION = {"LocalizedText": 0, "ErrorType": 2}


def _english() -> dict[str, str]:
    found = {}
    for file in sorted((ROOT / "themes").glob("*/locale/en/*.po")):
        with file.open("rb") as source:
            for message in read_po(source):
                if message.id:
                    found[message.id if isinstance(message.id, str) else message.id[0]] = file.name
    return found


def _entries(language: str = "*") -> Iterator[tuple[str, Message]]:
    for file in sorted((ROOT / "themes").glob(f"*/locale/{language}/*.po")):
        with file.open("rb") as source:
            yield from ((file.name, message) for message in read_po(source) if message.id)


def _texts() -> Iterator[tuple[str, str | None, str]]:
    """Every text that Python translates when it shows it: path, context, text."""
    for path in sorted((ROOT / "platform").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            at = TEXT_POSITION.get(ast.unparse(node.func).split(".")[-1])
            if at is None or len(node.args) <= at or not isinstance(node.args[at], ast.Constant):
                continue
            context = next(
                (ast.literal_eval(each.value) for each in node.keywords if each.arg == "context"), None
            )
            text = ast.literal_eval(node.args[at])
            if text:
                yield str(path.relative_to(ROOT)), context, text
    plans = tomllib.loads((ROOT / "platform" / "billing" / "plans.toml").read_text("utf-8"))
    for plan in plans["plan"]:
        yield "plans.toml", None, plan["name"]
        yield "plans.toml", None, plan["lead"]
    for tax in plans["tax"]:
        yield "plans.toml", None, tax["label"]
    for term in tomllib.loads((ROOT / "platform" / "ui" / "glossary.toml").read_text("utf-8")).values():
        yield "glossary.toml", None, term["text"]
    for file in (ROOT / "themes").glob("*/theme.toml"):
        theme = tomllib.loads(file.read_text("utf-8"))
        yield file.parent.name, None, theme["title"]
        yield file.parent.name, None, theme["note"]


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
                    name in {"say", "gettext", "counted", "ngettext"}
                    and isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                ):
                    yield str(path.relative_to(ROOT)), first.value


def _template_messages() -> Iterator[tuple[str, str, str | None, str]]:
    """Every message of the templates: place, function, context, Indonesian text."""
    functions = ("_", "gettext", "ngettext", "pgettext")
    options = {
        "extensions": "jinja2.ext.i18n, jinja2.ext.do, jinja2.ext.loopcontrols",
        "newstyle_gettext": "true",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "silent": "false",
    }
    for path in sorted((ROOT / "themes").glob("*/templates/**/*.html")):
        with path.open("rb") as source:
            for line, function, message, _ in babel_extract(source, functions, (), options):
                place = f"{path.relative_to(ROOT)}:{line}"
                if function == "pgettext":
                    yield place, function, message[0], message[1]
                elif message is not None:  # a name: what it holds is translated where it is written
                    yield place, function, None, message if isinstance(message, str) else message[0]


def test_every_message_of_a_template_has_its_english_and_a_counted_one_both_forms() -> None:
    english: dict[tuple[str | None, str], bool] = {}
    for _, message in _entries("en"):
        plural = not isinstance(message.id, str)
        english[message.context, message.id[0] if plural else message.id] = plural
    wrong = []
    for place, function, context, text in _template_messages():
        known = english.get((context, text))
        if known is None or known != (function == "ngettext"):
            wrong.append((place, text))
    assert not wrong


def test_a_text_in_a_context_has_one_english() -> None:
    translations: dict[tuple[str | None, str], set[str]] = {}
    for _, message in _entries("en"):
        text = message.id if isinstance(message.id, str) else message.id[0]
        translations.setdefault((message.context, text), set()).add(str(message.string))
    assert not {text: found for text, found in translations.items() if len(found) > 1}


def test_every_sentence_that_python_says_has_its_english() -> None:
    english = _english()
    assert not [(path, sentence) for path, sentence in _python_messages() if sentence not in english]


def test_every_text_and_error_has_its_english() -> None:
    english = {
        (message.context, message.id if isinstance(message.id, str) else message.id[0])
        for _, message in _entries("en")
    }
    assert not [(path, text) for path, context, text in _texts() if (context, text) not in english]


def test_no_text_is_declared_in_two_languages() -> None:
    pairs = []
    for path in sorted((ROOT / "platform").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).split(".")[-1]
                literal = sum(
                    isinstance(each, ast.Constant | ast.JoinedStr) and not isinstance(each, ast.Name)
                    for each in node.args
                )
                languages = {each.arg for each in node.keywords} >= {"id", "en"}
                if languages or (name == "LocalizedText" and literal > 1):
                    pairs.append((path.name, node.lineno))
            elif isinstance(node, ast.Dict):
                keys = {each.value for each in node.keys if isinstance(each, ast.Constant)}
                values = {ast.unparse(each) for each in node.values}
                if keys >= {"id", "en"} and values != {"'id_ID'", "'en_GB'"}:
                    pairs.append((path.name, node.lineno))
    assert not pairs


def test_translations_name_the_placeholders_of_their_text() -> None:
    def names(text: str) -> set[tuple[str, str]]:
        return set(re.findall(r"%\((\w+)\)|\{(\w+)\}", text))

    wrong = []
    for file, message in _entries():
        texts = [message.id] if isinstance(message.id, str) else list(message.id)
        translations = [message.string] if isinstance(message.string, str) else list(message.string or ())
        wanted = names(texts[-1])
        # a singular may omit its number
        exact = translations[-1:] if len(translations) > 1 else translations
        if any(names(each) != wanted for each in exact) or any(names(each) - wanted for each in translations):
            wrong.append((file, texts[0]))
    assert not wrong


def test_a_word_in_a_context_has_its_own_english_and_each_context_is_said() -> None:
    contexts = (
        {
            found
            for path in (ROOT / "themes").rglob("*.html")
            for found in re.findall(r"""pgettext\("([^"]+)", "([^"]+)"\)""", path.read_text())
        }
        | {(context, text) for _, context, text in _texts() if context}
        | {("language", "Bahasa Indonesia")}
    )
    translated = set()
    for file in (ROOT / "themes").glob("*/locale/en/*.po"):
        with file.open("rb") as source:
            translated |= {(message.context, message.id) for message in read_po(source) if message.context}
    assert contexts == translated
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
    in_python |= {text for _, _, text in _texts()}
    in_templates = folded("".join(path.read_text() for path in (ROOT / "themes").rglob("*.html")))
    unused = [
        (file, sentence)
        for sentence, file in _english().items()
        if sentence not in in_python
        and folded(sentence) not in in_templates
        and re.sub(r"%\((\w+)\)s", r"{{ \1 }}", folded(sentence)) not in in_templates
    ]
    assert not unused
