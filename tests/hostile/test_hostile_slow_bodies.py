"""Request bodies that are announced and not sent delay only their sender."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from factories.processes import caddy_process, free_port, web_process
from factories.slow_bodies import allow_open_files, networks, slow_bodies
from kernel.database import Database

pytestmark = pytest.mark.slow

MANY = 1_500


@pytest.fixture
def web(database: Database, tmp_path: Path) -> Iterator[int]:
    """The port of a web process under ``localhost:<port>``."""
    allow_open_files()
    port = free_port()
    with web_process(database, port, f"localhost:{port}", tmp_path / "web.log"):
        yield port


@pytest.fixture
def behind_caddy(database: Database, tmp_path: Path) -> Iterator[int]:
    """The port of Caddy with our Caddyfile, in front of a web process."""
    allow_open_files()
    upstream, port = free_port(), free_port()
    environment = {
        "LUMBUNG_BASE_DOMAIN": f"localhost:{port}",
        "CADDY_UPSTREAM": f"127.0.0.1:{upstream}",
        "CADDY_SCHEME": "http",
        "CADDY_TLS": "none",
    }
    with web_process(database, upstream, f"localhost:{port}", tmp_path / "web.log"):  # noqa: SIM117 - Caddy needs it first
        with caddy_process(environment, port, tmp_path):
            yield port


async def _neighbours_page(port: int) -> httpx.Response:
    """Request an uncached page of another cooperative, and give up while the slow bodies are still open."""
    async with httpx.AsyncClient(trust_env=False, timeout=8) as client:
        return await client.get(
            f"http://127.0.0.1:{port}/?cari=beras",
            headers={"Host": f"mawar.localhost:{port}", "Accept": "text/html"},
        )


async def test_a_neighbours_page_answers_while_1500_slow_bodies_of_many_networks_are_open(web: int) -> None:
    async with slow_bodies(web, f"melati.localhost:{web}", "/masuk", networks(30), MANY // 30):
        answer = await _neighbours_page(web)
    assert answer.status_code == 200
    assert "Koperasi Mawar" in answer.text


async def test_a_neighbours_page_answers_through_caddy_while_1500_slow_bodies_are_open(
    behind_caddy: int,
) -> None:
    port = behind_caddy
    async with slow_bodies(port, f"melati.localhost:{port}", "/masuk", networks(30), MANY // 30):
        answer = await _neighbours_page(port)
    assert answer.status_code == 200
    assert "Koperasi Mawar" in answer.text


async def test_of_one_networks_slow_bodies_64_wait_and_none_of_them_for_long(web: int) -> None:
    async with slow_bodies(web, f"melati.localhost:{web}", "/masuk", networks(1), 70) as opened:
        await _until(lambda: sum(body.status is not None for body in opened) >= 6, seconds=8)
        assert sorted(body.status or 0 for body in opened) == [0] * 64 + [429] * 6
        async with slow_bodies(web, f"melati.localhost:{web}", "/masuk", networks(2)[1:], 1) as elsewhere:
            await asyncio.sleep(2)
            assert elsewhere[0].status is None
        await _until(lambda: all(body.status is not None for body in opened), seconds=20)
        assert sorted(body.status or 0 for body in opened) == [408] * 64 + [429] * 6


async def _until(true: Callable[[], bool], seconds: float) -> None:
    for _ in range(int(seconds * 20)):
        if true():
            return
        await asyncio.sleep(0.05)
