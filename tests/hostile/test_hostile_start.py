"""An unsafe production start is refused, and all reasons are named at once."""

import base64
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.errors import DomainError
from kernel.settings import Settings, check_startable

PLATFORM = Path(__file__).parents[2] / "platform"
CHANCE = random.Random(8)
GOOD_KEY = CHANCE.randbytes(32)
SAFE = Settings(
    environment="production",
    base_domain="lumbung.example",
    app_database_url="postgresql://lumbung_app:Zk3vQ8sYt0Wm5RbX1nLc@db/lumbung",
    secret_key=base64.urlsafe_b64encode(CHANCE.randbytes(48)).decode(),
    master_keys=(("k1", GOOD_KEY),),
)
BY_HAND = [
    "k" * 40,
    "a1" * 20,
    "0123456789abcdef" * 3,
    "1234567890" * 4,
    "abcdefghijklmnopqrstuvwxyz012345",
    "changeme" * 5,
    "please-change-this-secret-key-in-production",
    "kunci rahasia koperasi melati jaya abadi",
    "Rahasia-Koperasi-Melati-Jaya-2026",
    "P@ssw0rdP@ssw0rdP@ssw0rdP@ssw0rd1234",
]


@pytest.mark.parametrize(
    "domain", ["lumbung.example", "lumbung.example:8000", "192.168.1.5:8000", "notlocalhost"]
)
def test_development_serves_no_domain_but_this_machines(domain: str) -> None:
    with pytest.raises(DomainError, match="LUMBUNG_BASE_DOMAIN"):
        check_startable(Settings(base_domain=domain))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lumbung.example"])
def test_development_binds_no_address_that_others_reach(host: str) -> None:
    with pytest.raises(DomainError, match="LUMBUNG_HOST"):
        check_startable(Settings(host=host))


@pytest.mark.parametrize("command", ["web", "up"])
def test_an_option_of_the_command_is_held_to_the_same(command: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUMBUNG_")}
    done = subprocess.run(
        [sys.executable, "-m", "commands.main", command, "--host", "0.0.0.0"],
        # without programs for the embedded server nothing starts, refused or not
        env=environment
        | {
            "PYTHONPATH": str(PLATFORM),
            "LUMBUNG_POSTGRES_BIN": str(tmp_path),
            "LUMBUNG_DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "LUMBUNG_HOST" in done.stderr


@pytest.mark.parametrize("domain", ["localhost", "localhost:8000", "toko.localhost:9000"])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_development_starts_on_this_machine(domain: str, host: str) -> None:
    check_startable(Settings(base_domain=domain, host=host))


@pytest.mark.parametrize("secret", BY_HAND)
def test_production_refuses_a_secret_made_by_hand(secret: str) -> None:
    with pytest.raises(DomainError, match="LUMBUNG_SECRET_KEY"):
        check_startable(replace(SAFE, secret_key=secret))


def test_production_takes_whatever_a_generator_made() -> None:
    for _ in range(2_000):
        drawn = CHANCE.randbytes(32)
        for secret in (
            base64.urlsafe_b64encode(drawn).decode().rstrip("="),
            base64.b32encode(drawn).decode().rstrip("="),
            drawn.hex(),
            drawn[:16].hex(),
            "".join(CHANCE.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=32)),
        ):
            check_startable(replace(SAFE, secret_key=secret, master_keys=(("k1", drawn),)))


@pytest.mark.parametrize(
    "key",
    [bytes(32), b"m" * 32, bytes(range(32)), b"0123456789abcdef" * 2, b"kunci utama koperasi kita semua!"],
)
def test_production_refuses_a_master_key_made_by_hand(key: bytes) -> None:
    with pytest.raises(DomainError, match="LUMBUNG_MASTER_KEYS"):
        check_startable(replace(SAFE, master_keys=(("k1", GOOD_KEY), ("k0", key))))


@pytest.mark.parametrize("domain", ["lumbung.localhost", "toko.lumbung.localhost:8000", "127.0.0.1:8000"])
def test_production_refuses_every_name_of_this_machine(domain: str) -> None:
    with pytest.raises(DomainError, match="LUMBUNG_BASE_DOMAIN"):
        check_startable(replace(SAFE, base_domain=domain))


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(DomainError) as refused:
        check_startable(
            replace(SAFE, secret_key="k" * 40, master_keys=(("k1", bytes(32)),), base_domain="a.localhost")
        )
    for name in ("LUMBUNG_SECRET_KEY", "LUMBUNG_MASTER_KEYS", "LUMBUNG_BASE_DOMAIN"):
        assert name in str(refused.value)
    with pytest.raises(DomainError) as refused:
        check_startable(Settings(base_domain="lumbung.example", host="0.0.0.0"))
    for name in ("LUMBUNG_BASE_DOMAIN", "LUMBUNG_HOST"):
        assert name in str(refused.value)
