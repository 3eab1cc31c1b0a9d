import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from commands.main import lumbung
from kernel.database import Database
from kernel.errors import DomainError
from kernel.settings import Settings

PASSWORD = "tiga-kata-berbeda"
FOUND = [
    "coop",
    "found",
    "kenanga",
    "--name",
    "Koperasi Kenanga",
    "--officer-name",
    "Lestari",
    "--officer-phone",
    "0812-7000-0001",
]

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against the test's own database; an error comes back as it would be printed."""
    url = database.owner_url.set(drivername="postgresql").render_as_string(hide_password=False)

    def call(*arguments: str, password: str | None = PASSWORD) -> Result:
        monkeypatch.setenv("LUMBUNG_DATABASE_URL", url)
        monkeypatch.setenv("LUMBUNG_BASE_DOMAIN", settings.base_domain)
        if password is None:
            monkeypatch.delenv("LUMBUNG_PASSWORD", raising=False)
        else:
            monkeypatch.setenv("LUMBUNG_PASSWORD", password)
        return CliRunner().invoke(lumbung, list(arguments))

    return call


async def in_thread(function: Run, *arguments: str, **options: str | None) -> Result:
    import asyncio

    return await asyncio.to_thread(function, *arguments, **options)


async def test_founding_and_listing(run: Run) -> None:
    done = await in_thread(run, *FOUND, "--json")
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed["slug"] == "kenanga"
    assert printed["address"] == "http://kenanga.localhost:8000/"
    listed = json.loads((await in_thread(run, "coop", "list", "--json")).stdout)
    assert {each["slug"] for each in listed} == {"kenanga", "melati", "mawar"}
    assert "Koperasi Kenanga" in (await in_thread(run, "coop", "list")).stdout


async def test_founding_twice_is_refused_clearly(run: Run) -> None:
    assert (await in_thread(run, *FOUND)).exit_code == 0
    again = await in_thread(run, *FOUND)
    assert isinstance(again.exception, DomainError)
    assert again.exit_code == 1
    assert str(again.exception) == (
        "The address “kenanga” is already used by another cooperative. Choose another."
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kenanga": "operator"}, "onboarding.slug_reserved"),
        ({"0812-7000-0001": "12"}, "kernel.not_a_mobile_number"),
        ({"Koperasi Kenanga": "  "}, "onboarding.name_needed"),
    ],
)
async def test_what_cannot_be_founded_is_refused(run: Run, changes: dict[str, str], code: str) -> None:
    done = await in_thread(run, *(changes.get(each, each) for each in FOUND))
    assert isinstance(done.exception, DomainError)
    assert done.exception.code == code


async def test_unknown_bylaws_are_named_with_the_known_ones(run: Run) -> None:
    done = await in_thread(run, *FOUND, "--bylaws", "lain")
    assert isinstance(done.exception, DomainError)
    assert "konsumen" in str(done.exception)


async def test_without_a_password_nobody_is_asked_where_nobody_can_answer(run: Run) -> None:
    done = await in_thread(run, *FOUND, password=None)
    assert isinstance(done.exception, DomainError)
    assert done.exception.code == "commands.password_needed"


async def test_suspending_and_resuming(run: Run) -> None:
    assert (await in_thread(run, "coop", "suspend", "melati", "--reason", "Laporan")).exit_code == 0
    listed = json.loads((await in_thread(run, "coop", "list", "--json")).stdout)
    assert {each["slug"]: each["status"] for each in listed} == {"melati": "suspended", "mawar": "active"}
    again = await in_thread(run, "coop", "suspend", "melati", "--reason", "Laporan")
    assert again.exception.code == "operators.already_suspended"
    assert (await in_thread(run, "coop", "resume", "melati")).exit_code == 0
    assert (await in_thread(run, "coop", "resume", "melati")).exception.code == "operators.not_suspended"
    assert (
        await in_thread(run, "coop", "resume", "tidak-ada")
    ).exception.code == "operators.no_such_cooperative"


async def test_an_operator_is_added_once(run: Run) -> None:
    added = await in_thread(run, "operator", "add", "Wening Astuti", "--phone", "0899-0000-7001")
    assert added.exit_code == 0
    assert "operator.localhost:8000/masuk" in added.stdout.replace("\n", "")
    again = await in_thread(run, "operator", "add", "Wening", "--phone", "0899-0000-7001")
    assert again.exception.code == "operators.phone_taken"
    weak = await in_thread(run, "operator", "add", "Lain", "--phone", "0899-0000-7002", password="12345678")
    assert weak.exception.code == "kernel.password_too_common"
