"""The Caddyfile of infra/, run by Caddy in front of a real web process and two cooperatives."""

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from conftest import SignInAs
from factories.processes import (
    CADDYFILE,
    caddy_process,
    clean_environment,
    find_caddy,
    free_port,
    web_process,
)
from factories.servers import transfer_to_plain_owner
from kernel.database import Database
from tenants.session import shared_session
from tenants.throttles import throttle_key
from ui.request_body import MAX_FORM_BYTES, MAX_UPLOAD_BYTES

pytestmark = pytest.mark.slow
FORM = "application/x-www-form-urlencoded"


@dataclass
class CaddyServer:
    """Where Caddy listens, and the domain that it and the web process were given."""

    scheme: str
    port: int
    base_domain: str
    authority: Path | None = None

    def ask(self, label: str, path: str = "/", *, method: str = "GET", **options: object) -> httpx.Response:
        """Send a request as a browser at ``label.<base>`` does: with its Host, and its server name with TLS,
        but on loopback.
        """
        name = self.base_domain.partition(":")[0]
        host = f"{label}.{name}" if label else name
        headers = {"Host": self.host(label), "Accept": "text/html"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]
        verify = ssl.create_default_context(cafile=str(self.authority)) if self.authority else True
        with httpx.Client(verify=verify, trust_env=False) as client:
            return client.request(
                method,
                f"{self.scheme}://127.0.0.1:{self.port}{path}",
                headers=headers,
                extensions={"sni_hostname": host},
                **options,  # type: ignore[arg-type]
            )

    def host(self, label: str) -> str:
        return f"{label}.{self.base_domain}" if label else self.base_domain


@pytest.fixture
def plain(database: Database, tmp_path: Path) -> Iterator[CaddyServer]:
    """Without TLS."""
    find_caddy()
    upstream, port = free_port(), free_port()
    front = CaddyServer("http", port, f"localhost:{port}")
    environment = {
        "LUMBUNG_BASE_DOMAIN": front.base_domain,
        "CADDY_UPSTREAM": f"127.0.0.1:{upstream}",
        "CADDY_SCHEME": "http",
        "CADDY_TLS": "none",
    }
    with web_process(database, upstream, front.base_domain, tmp_path / "web.log"):  # noqa: SIM117 - Caddy needs it first
        with caddy_process(environment, port, tmp_path):
            yield front


@pytest.fixture
async def encrypted(database: Database, tmp_path: Path) -> AsyncIterator[CaddyServer]:
    """With certificates of Caddy's own authority; the client trusts only its root certificate."""
    find_caddy()
    await transfer_to_plain_owner(database)
    upstream, port, plain_port = free_port(), free_port(), free_port()
    front = CaddyServer(
        "https",
        port,
        f"lumbung.test:{port}",
        tmp_path / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt",
    )
    environment = {
        "LUMBUNG_BASE_DOMAIN": front.base_domain,
        "CADDY_UPSTREAM": f"127.0.0.1:{upstream}",
        "CADDY_HTTPS_PORT": str(port),
        "CADDY_HTTP_PORT": str(plain_port),
    }
    with web_process(database, upstream, front.base_domain, tmp_path / "web.log"):  # noqa: SIM117 - Caddy needs it first
        with caddy_process(environment, port, tmp_path):
            _wait_for_certificates(tmp_path / "caddy.log")
            yield front


def _wait_for_certificates(log: Path) -> None:
    """Caddy listens first and makes the certificates of the apex and of the wildcard afterwards."""
    deadline = time.monotonic() + 20
    while log.read_text("utf-8").count("certificate obtained successfully") < 2:
        assert time.monotonic() < deadline, log.read_text("utf-8")
        time.sleep(0.05)


SPOOFED_ADDRESS = "203.0.113.9"


async def list_counted_addresses(database: Database) -> set[str]:
    """Return the addresses that the web process counted at the operators' sign-in."""
    addresses = {
        throttle_key("operator-from", address): address for address in ("127.0.0.1", SPOOFED_ADDRESS, "::1")
    }
    async with shared_session(database) as db:
        keys = await db.execute(text("SELECT key FROM shared.throttles WHERE key LIKE 'operator-from:%'"))
        return {addresses.get(key, key) for key in keys.scalars()}


def sign_in_as_stranger(front: CaddyServer, **headers: str) -> httpx.Response:
    origin = f"{front.scheme}://{front.host('operator')}"
    form = {"phone": "0899 7777 6666", "password": "bukan-kata-sandi", "kembali": "/"}
    return front.ask("operator", "/masuk", method="POST", data=form, headers={"Origin": origin, **headers})


async def test_without_tls_each_host_gets_its_own_and_the_visitor_cannot_pretend(
    plain: CaddyServer, database: Database
) -> None:
    _each_host_gets_its_own(plain)

    spoofed = {
        "X-Forwarded-For": "203.0.113.9, 127.0.0.1",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
    }
    answer = sign_in_as_stranger(plain, **spoofed)
    assert answer.status_code != 403, "the Origin header no longer matches the Host that arrives"
    assert await list_counted_addresses(database) == {"127.0.0.1"}

    asset = "/" + plain.ask("melati").text.partition('href="/')[2].partition('"')[0]
    assert asset.startswith("/aset/")
    compressed = plain.ask("melati", asset, headers={"Accept-Encoding": "gzip"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert "immutable" in compressed.headers["cache-control"]

    body = b"kembali=/&password=" + b"x" * MAX_UPLOAD_BYTES
    large = plain.ask("operator", "/masuk", method="POST", content=body, headers={"Content-Type": FORM})
    assert large.status_code == 413
    assert "12 MB" in large.text


async def test_with_tls_one_wildcard_certificate_covers_every_cooperative(
    encrypted: CaddyServer, database: Database
) -> None:
    _each_host_gets_its_own(encrypted)
    assert encrypted.ask("melati").headers["strict-transport-security"].startswith("max-age=")

    answer = sign_in_as_stranger(encrypted, **{"X-Forwarded-For": "203.0.113.9"})
    assert answer.status_code != 403
    assert await list_counted_addresses(database) == {"127.0.0.1"}

    stranger = CaddyServer("https", encrypted.port, "elsewhere.test", encrypted.authority)
    with pytest.raises(httpx.ConnectError):
        stranger.ask("melati")


def test_while_the_web_process_is_away_the_visitor_reads_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    front = CaddyServer("http", port, f"localhost:{port}")
    environment = {
        "LUMBUNG_BASE_DOMAIN": front.base_domain,
        "CADDY_UPSTREAM": f"127.0.0.1:{free_port()}",
        "CADDY_SCHEME": "http",
        "CADDY_TLS": "none",
    }
    with caddy_process(environment, port, tmp_path):
        answer = front.ask("melati", timeout=20)
    assert answer.status_code == 502
    assert "Sebentar lagi" in answer.text
    assert answer.headers["retry-after"] == "10"


def test_caddy_and_the_web_process_set_the_same_limit() -> None:
    caddyfile = CADDYFILE.read_text("utf-8")
    assert f"> {MAX_UPLOAD_BYTES}`" in caddyfile
    assert f"max_size {MAX_UPLOAD_BYTES // 1024 // 1024}MiB" in caddyfile
    for option in ("max_buffer_size", "request_buffers"):
        assert f"{option} {MAX_FORM_BYTES // 1024}KiB" in caddyfile


@pytest.mark.parametrize(
    ("newer", "expected"), [("2.6", '"buffer_requests":true'), ("2.7", "directive request_buffers")]
)
def test_either_way_of_buffering_is_chosen_by_a_setting(newer: str, expected: str, tmp_path: Path) -> None:
    """Debian's Caddy knows only the older option: that it names the other in its error shows the choice."""
    environment = clean_environment() | {
        "LUMBUNG_BASE_DOMAIN": "localhost:1",
        "CADDY_BUFFERS": newer,
        "HOME": str(tmp_path),
    }
    command = [find_caddy(), "adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert expected in done.stdout + done.stderr


async def test_a_file_larger_than_the_buffer_arrives_whole(plain: CaddyServer, sign_in: SignInAs) -> None:
    officer = await sign_in("melati", "+6289900000000")
    lines = [f"T{at},,Teh {at},Minuman,Pak,9000,12500,20" for at in range(MAX_FORM_BYTES // 20)]
    content = "\r\n".join(["sku,barcode,name,category,unit,cost,price,stock", *lines])
    assert len(content) > MAX_FORM_BYTES + 100_000
    shown = await asyncio.to_thread(
        plain.ask,
        "melati",
        "/pengurus/barang/impor",
        method="POST",
        data={"csrf": officer.csrf, "as_of": "2026-01-01"},
        files={"file": ("barang.csv", content.encode(), "text/csv")},
        headers={
            "Origin": f"http://{plain.host('melati')}",
            "Cookie": f"lumbung={officer.client.cookies['lumbung']}",
        },
    )
    assert shown.status_code == 200
    assert f"{len(lines):,}".replace(",", ".") in shown.text or str(len(lines)) in shown.text


def test_the_caddyfile_is_in_its_one_shape() -> None:
    done = subprocess.run([find_caddy(), "fmt", str(CADDYFILE)], capture_output=True, text=True, check=False)
    assert done.stdout == CADDYFILE.read_text("utf-8")


def _each_host_gets_its_own(front: CaddyServer) -> None:
    melati, mawar, apex = (front.ask(label) for label in ("melati", "mawar", ""))
    assert [melati.status_code, mawar.status_code, apex.status_code] == [200, 200, 200]
    assert "Koperasi Melati" in melati.text
    assert "Mawar" not in melati.text
    assert "Koperasi Mawar" in mawar.text
    assert "Melati" not in mawar.text
    assert "Koperasi" not in apex.text.partition("<title>")[2].partition("</title>")[0]
    forged = front.ask("melati", headers={"X-Forwarded-Host": front.host("mawar")})
    assert "Mawar" not in forged.text
    nobody = front.ask("tidak-ada")
    assert nobody.status_code == 404
    assert "<html" in nobody.text
    assert "server" not in nobody.headers
