import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel import settings_table
from kernel.errors import DomainError
from kernel.settings import Settings, check_startable, load, strip_owner_login

ROOT = Path(__file__).parents[2]
SAFE = {
    "LUMBUNG_ENVIRONMENT": "production",
    "LUMBUNG_SECRET_KEY": "Zk3vQ8sYt0Wm5RbX1nLc7PaHd2UfEj6G",
    "LUMBUNG_APP_DATABASE_URL": "postgresql://lumbung_app:Zk3vQ8sYt0Wm5RbX1nLc@db/lumbung",
    "LUMBUNG_BASE_DOMAIN": "lumbung.example",
    "LUMBUNG_MASTER_KEYS": "2026:" + base64.b64encode(hashlib.sha256(b"m").digest()).decode(),
}


def test_an_empty_environment_gives_a_development_start_on_this_machine() -> None:
    found = load({})
    assert found == Settings()
    assert (found.host, found.port, found.base_domain) == ("127.0.0.1", 8000, "localhost:8000")
    assert found.is_default_secret
    assert found.scheme == "http"


def test_every_setting_is_read_in_its_type() -> None:
    found = load(
        SAFE
        | {
            "LUMBUNG_PORT": "9000",
            "LUMBUNG_DATA_DIR": "/srv/lumbung",
            "LUMBUNG_SCHEMA_POOL_SIZE": "8",
            "LUMBUNG_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
            "LUMBUNG_DEBUG": "1",
            "LUMBUNG_MAIL_URL": "",
        }
    )
    assert found.port == 9000
    assert found.data_dir == Path("/srv/lumbung")
    assert found.schema_pool_size == 8
    assert found.trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert found.debug
    assert found.mail_url is None
    assert found.scheme == "https"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LUMBUNG_PORT", "70000", "it must be a port from 1 to 65535"),
        ("LUMBUNG_PORT", "delapan", "it must be a port from 1 to 65535"),
        ("LUMBUNG_DATABASE_URL", "mysql://db", "it must begin with postgresql://"),
        ("LUMBUNG_BASE_DOMAIN", "http://lumbung.example", "without http://"),
        ("LUMBUNG_ENVIRONMENT", "staging", "it must be development or production"),
        ("LUMBUNG_SCHEMA_POOL_SIZE", "0", "from 1 to 1000"),
        ("LUMBUNG_BROKER_URL", "kafka://b", "it must begin with redis://"),
        ("LUMBUNG_LANG", "fr", "it must be id or en"),
        ("LUMBUNG_MASTER_KEYS", "2026:cGVuZGVr", "base64 of 32 bytes"),
        ("LUMBUNG_FAKE_GATEWAYS", "stripe=https://api.stripe.example", "stripe"),
        ("LUMBUNG_FAKE_GATEWAYS", "bank=http://127.0.0.1:9000", "for stripe, midtrans, xendit"),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_is_wrong(name: str, value: str, problem: str) -> None:
    with pytest.raises(DomainError) as refused:
        load({name: value})
    assert name in str(refused.value)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("LUMBUNG_SPARE_SCHEMAS", "5", "LUMBUNG_SCHEMA_POOL_SIZE"),
        ("LUMBUNG_STAND_INS", "stripe=http://127.0.0.1:9001", "LUMBUNG_FAKE_GATEWAYS"),
    ],
)
def test_the_old_name_of_a_setting_is_refused_with_its_new_one(old: str, value: str, new: str) -> None:
    with pytest.raises(DomainError, match=f"it is called {new} now: rename it") as refused:
        load({old: value})
    assert old in str(refused.value)
    assert load({old: " "}) == Settings()


def test_only_the_given_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMBUNG_PORT", "9000")
    assert load({}).port == 8000
    assert load().port == 9000


def test_a_setting_is_read_by_its_exact_variable() -> None:
    assert load({"lumbung_port": "9000", "LUMBUNG_port": "delapan"}).port == 8000


def test_the_value_needs_no_pydantic_before_an_environment_is_read() -> None:
    """Pydantic takes a tenth of a second:
    `lumbung --help` and processes that are handed settings go without.
    """
    command = [sys.executable, "-c", "import kernel.settings, sys; print('pydantic' in sys.modules)"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "platform")}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert printed == "False\n"


def test_a_wrong_address_does_not_show_its_password() -> None:
    with pytest.raises(DomainError) as refused:
        load({"LUMBUNG_DATABASE_URL": "mysql://ani:rahasia@db/lumbung"})
    assert "rahasia" not in str(refused.value)


def test_a_wrong_master_key_is_not_shown() -> None:
    with pytest.raises(DomainError) as refused:
        load({"LUMBUNG_MASTER_KEYS": "2026:cGVuZGVr"})
    assert "cGVuZGVr" not in str(refused.value)


def test_a_secret_is_not_shown_when_settings_are_printed() -> None:
    assert SAFE["LUMBUNG_SECRET_KEY"] not in repr(load(SAFE))


def test_development_starts_with_every_default_and_production_with_safe_settings() -> None:
    check_startable(Settings())
    check_startable(load(SAFE))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"LUMBUNG_SECRET_KEY": ""}, "development secret"),
        ({"LUMBUNG_MASTER_KEYS": ""}, "LUMBUNG_MASTER_KEYS names no key"),
        (
            {"LUMBUNG_FAKE_GATEWAYS": "midtrans=http://127.0.0.1:9001"},
            "LUMBUNG_FAKE_GATEWAYS points to a fake service",
        ),
        ({"LUMBUNG_SECRET_KEY": "short"}, "shorter than 32"),
        ({"LUMBUNG_BILLING_STRIPE_KEY": "sk_test_1"}, "LUMBUNG_BILLING_STRIPE_KEY is of Stripe's test mode"),
        ({"LUMBUNG_APP_DATABASE_URL": ""}, "LUMBUNG_APP_DATABASE_URL names no database"),
        (
            {"LUMBUNG_DATABASE_URL": "postgresql://lumbung:p@db/lumbung"},
            "LUMBUNG_DATABASE_URL is the owner's",
        ),
        (
            {"LUMBUNG_APP_DATABASE_URL": "postgresql://lumbung_app:rahasia@db/lumbung"},
            "password in LUMBUNG_APP_DATABASE_URL",
        ),
        ({"LUMBUNG_BASE_DOMAIN": ""}, "LUMBUNG_BASE_DOMAIN is localhost"),
        ({"LUMBUNG_MAIL_URL": "file:///tmp/mail"}, "LUMBUNG_MAIL_URL points to a fake service"),
    ],
)
def test_production_refuses_what_is_only_fit_for_trying_out(change: dict[str, str], problem: str) -> None:
    with pytest.raises(DomainError, match=problem):
        check_startable(load(SAFE | change))


def test_in_production_nothing_asks_a_fake_gateway_even_where_no_start_was_checked() -> None:
    variables = {"LUMBUNG_FAKE_GATEWAYS": "midtrans=http://127.0.0.1:9001"}
    assert load(variables).fake_gateway_url("midtrans") == "http://127.0.0.1:9001"
    assert load(SAFE | variables).fake_gateway_url("midtrans") is None


def test_the_operating_guide_holds_the_table_of_settings() -> None:
    assert settings_table.markdown_table() in (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def test_the_table_can_be_printed() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "platform")}
    command = [sys.executable, "-m", "kernel.settings_table"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert printed == settings_table.markdown_table()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret_key"
    file.write_text(SAFE["LUMBUNG_SECRET_KEY"] + "\n", "utf-8")
    return file


def test_a_secret_may_lie_in_a_file_of_its_own(secret_file: Path) -> None:
    given = {name: text for name, text in SAFE.items() if name != "LUMBUNG_SECRET_KEY"}
    assert load(given | {"LUMBUNG_SECRET_KEY_FILE": str(secret_file)}) == load(SAFE)


def test_a_secret_may_be_a_credential_of_systemd(secret_file: Path) -> None:
    secret_file.rename(secret_file.with_name("lumbung_secret_key"))
    secret_file.with_name("lumbung_port").write_text("9000")  # no secret, so not looked for
    given = {name: text for name, text in SAFE.items() if name != "LUMBUNG_SECRET_KEY"}
    assert load(given | {"CREDENTIALS_DIRECTORY": str(secret_file.parent)}) == load(SAFE)


@pytest.mark.parametrize(
    ("holds", "also", "problem"),
    [
        ("", "", "is empty"),
        (None, "", "cannot be read"),
        ("x" * 40, "y" * 40, "LUMBUNG_SECRET_KEY is set, too: keep one of them"),
    ],
)
def test_a_file_of_a_secret_that_is_not_there_is_empty_or_one_too_many_is_refused(
    tmp_path: Path, holds: str | None, also: str, problem: str
) -> None:
    file = tmp_path / "secret_key"
    if holds is not None:
        file.write_text(holds, "utf-8")
    with pytest.raises(DomainError, match=problem) as refused:
        load({"LUMBUNG_SECRET_KEY_FILE": str(file), "LUMBUNG_SECRET_KEY": also})
    assert "LUMBUNG_SECRET_KEY_FILE" in str(refused.value)
    assert "xxx" not in str(refused.value)


def test_only_secrets_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9000")
    assert load({"LUMBUNG_PORT_FILE": str(tmp_path / "port")}).port == 8000


def test_the_applications_role_is_the_one_of_its_address() -> None:
    assert (
        load(SAFE | {"LUMBUNG_APP_DATABASE_URL": "postgresql://pembaca:Zk3vQ8sYt0Wm5RbX1nLc@db/l"}).app_role
        == "pembaca"
    )
    with pytest.raises(DomainError, match="it must log in as lain, as LUMBUNG_APP_ROLE says"):
        load(SAFE | {"LUMBUNG_APP_ROLE": "lain"})


def test_a_process_that_serves_is_given_every_setting_but_the_owners_login(
    secret_file: Path, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "lumbung_database_url").write_text("postgresql://lumbung:milik-pemilik@db/lumbung")
    (credentials / "lumbung_broker_url").write_text("redis://:antrean@db/0")
    left = strip_owner_login(
        {
            "PATH": "/bin",
            "LUMBUNG_SECRET_KEY_FILE": str(secret_file),
            "CREDENTIALS_DIRECTORY": str(credentials),
        }
    )
    assert left == {
        "PATH": "/bin",
        "LUMBUNG_SECRET_KEY": SAFE["LUMBUNG_SECRET_KEY"],
        "LUMBUNG_BROKER_URL": "redis://:antrean@db/0",
    }
    for variables in (
        {"LUMBUNG_DATABASE_URL": "postgresql://lumbung:milik-pemilik@db/lumbung"},
        {"LUMBUNG_DATABASE_URL_FILE": str(credentials / "lumbung_database_url")},
    ):
        assert strip_owner_login(variables) == {}
