"""The documents match the code: links lead somewhere, named files and commands exist, ADRs stay short."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from commands.main import COMMANDS, lumbung

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "themes").glob("*.md")], key=str)
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchor(heading: str) -> str:
    """Return the anchor that Markdown gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_the_documents_that_people_look_for_exist() -> None:
    wanted = {
        "README.md",
        "STYLE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/architecture.md",
        "docs/operating.md",
    }
    assert wanted | {"docs/glossary.md", "docs/shu.md"} <= {name(page) for page in PAGES}
    assert len(ADRS) >= 10


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, part = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name(page)} links to {target}"
        if part:
            headings = re.findall(r"(?m)^#+ (.+)$", file.read_text("utf-8"))
            assert part in {anchor(heading) for heading in headings}, f"{name(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_of_the_repository_that_a_document_names_exist(page: Path) -> None:
    """Paths in backticks that begin with one of our folders, and `room/file.py` of the platform."""
    named = re.findall(
        r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|toml|sql|md|html|css|yaml|po|conf|sh))`", page.read_text("utf-8")
    )
    for path in named:
        assert any((base / path).exists() for base in (ROOT, ROOT / "platform", page.parent)), (
            f"{name(page)}: {path}"
        )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_that_a_document_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8")))
    assert (
        set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"(?m)^make ([a-z-]+)", text)) <= targets
    )
    for command, further in re.findall(r"(?:`|^|/bin/)lumbung ([a-z]+)(?: ([a-z-]+))?", text, re.MULTILINE):
        assert command in COMMANDS, f"{name(page)}: lumbung {command}"
        group = lumbung.get_command(click.Context(lumbung), command)
        if isinstance(group, click.Group) and further:
            assert further in group.commands, f"{name(page)}: lumbung {command} {further}"
    for module in re.findall(r"python -m ([a-z.]+)", text):
        path = module.replace(".", "/") + ".py"
        assert (ROOT / "platform" / path).exists() or (ROOT / path).exists(), f"{name(page)}: {module}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_document_tells_nothing_of_the_machine_it_was_written_on(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"(?<![\w.])/(?:work|root|home|tmp|Users|mnt)/", text)
    assert not re.search(r"pypi\.org|npmjs|artifactory|ghcr\.io|docker\.io", text, re.IGNORECASE)


@pytest.mark.parametrize("adr", ADRS, ids=name)
def test_a_decision_is_short_and_has_its_three_parts(adr: Path) -> None:
    lines = adr.read_text("utf-8").splitlines()
    assert len(lines) < 70
    assert re.fullmatch(rf"# {int(adr.name[:4])}\. .+", lines[0])
    assert [line for line in lines if line.startswith("## ")] == [
        "## Context",
        "## Decision",
        "## Consequences",
    ]


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


def test_the_readme_is_one_screen_of_a_patient_reader() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 100


def test_the_plan_in_the_architecture_is_the_import_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    plan = (ROOT / "docs" / "architecture.md").read_text("utf-8").split("```")[1].strip("\n").splitlines()
    assert len(plan) == len(layers)
    for line, layer in zip(plan, layers, strict=True):
        rooms = re.findall(r"\w+", layer)
        assert line.split()[: len(rooms)] == rooms, layer


def test_settings_that_a_document_names_exist() -> None:
    from kernel.settings import RENAMED_VARIABLES, Settings, fields, variable_name
    from kernel.settings_parsers import FILE_SETTINGS

    known = {variable_name(field.name) for field in fields(Settings)}
    known |= {f"{variable_name(name)}_FILE" for name in FILE_SETTINGS}
    known |= set(RENAMED_VARIABLES)
    known |= {"LUMBUNG_PASSWORD", "LUMBUNG_CHROMIUM", "LUMBUNG_PICTURES"}
    for page in PAGES:
        assert set(re.findall(r"LUMBUNG_[A-Z_]+[A-Z]", page.read_text("utf-8"))) <= known, name(page)
