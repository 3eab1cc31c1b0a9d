"""Forms that are larger, or have more fields, than any of ours are rejected before they cost anything, and
are counted.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from litestar._parsers import parse_url_encoded_form_data
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from conftest import BASE_DOMAIN, SignedInClient
from kernel.settings import Settings
from ui.request_body import MAX_UPLOADS_PER_TENANT, RequestBody
from web.apps import build_applications
from web.dispatch import HostDispatcher

Visitor = Callable[[str], httpx.AsyncClient]

KILOBYTE = 1_024
URL_ENCODED = "application/x-www-form-urlencoded"
UPLOADS = {
    "/langganan/mutasi",
    "/pengurus/anggota/impor",
    "/pengurus/barang/impor",
    "/pengurus/barang/{product_id:uuid}/gambar",
    "/pengurus/pembayaran/cara/{method:str}/stiker/pemeriksaan",
    "/pengurus/pembayaran/mutasi/impor",
    "/pengurus/pembayaran/potong-gaji/{batch_id:uuid}/balasan",
    "/pengurus/pengaturan/lambang",
}
CARRY_A_FILE_BACK = {
    "/pengurus/anggota/impor/ditolak",
    "/pengurus/anggota/impor/pencatatan",
    "/pengurus/barang/impor/ditolak",
    "/pengurus/barang/impor/pencatatan",
    "/pengurus/pembayaran/mutasi/impor/kolom",
    "/pengurus/pembayaran/mutasi/impor/pencatatan",
    "/pengurus/pembayaran/mutasi/impor/susunan",
    "/pengurus/pembayaran/potong-gaji/{batch_id:uuid}/balasan/pencatatan",
}


def _posts(settings: Settings) -> list[tuple[str, HTTPRouteHandler]]:
    return [
        (route.path_format if "{" not in route.path else route.path, handler)
        for app in build_applications(settings).values()
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "POST" in handler.http_methods
    ]


class Sent:
    """An ASGI request whose body comes in chunks, by default without a length; ``taken`` is how many bytes
    the application received.
    """

    def __init__(
        self,
        path: str,
        chunk: bytes,
        chunks: int,
        host: str = f"melati.{BASE_DOMAIN}",
        *,
        length: bool = False,
    ) -> None:
        self.taken = 0
        self.status = 0
        self._left = chunks
        self._chunk = chunk
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", host.encode()),
                (b"origin", f"http://{host}".encode()),
                (b"content-type", URL_ENCODED.encode()),
                (b"content-length", str(len(chunk)).encode())
                if length
                else (b"transfer-encoding", b"chunked"),
            ],
            "client": ("192.0.2.7", 5000),
            "server": ("127.0.0.1", 8000),
        }

    async def _receive(self) -> dict[str, Any]:
        self._left -= 1
        self.taken += len(self._chunk)
        return {"type": "http.request", "body": self._chunk, "more_body": self._left > 0}

    async def _send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)

    async def to(self, app: Callable[..., Awaitable[None]]) -> "Sent":
        await app(self._scope, self._receive, self._send)
        return self


def test_only_uploads_and_files_that_come_back_may_be_larger_than_256_kb(settings: Settings) -> None:
    larger = {
        path: handler
        for path, handler in _posts(settings)
        if (handler.resolve_request_max_body_size() or 10**9) > 256 * KILOBYTE
    }
    assert set(larger) == UPLOADS | CARRY_A_FILE_BACK
    for path, handler in larger.items():
        guards = {getattr(guard, "func", guard).__name__ for guard in handler.resolve_guards()}
        assert guards & {"check_permission", "require_operator"}, f"whoever comes by may send {path} as much"
        limit = handler.resolve_request_max_body_size() or 10**9
        assert limit <= (12 if path in UPLOADS else 4.1) * KILOBYTE * KILOBYTE


@pytest.mark.parametrize(("host", "path"), [("melati.", "/masuk"), ("operator.", "/masuk"), ("", "/daftar")])
async def test_of_a_form_of_a_megabyte_no_more_than_256_kb_are_taken(
    app: HostDispatcher, host: str, path: str
) -> None:
    chunk = b"a=1&" * 4_000
    before = parse_url_encoded_form_data.cache_info().misses
    sent = await Sent(path, chunk, 1_000_000 // len(chunk), host + BASE_DOMAIN).to(app)
    assert sent.status == 413
    assert sent.taken <= 256 * KILOBYTE + len(chunk)
    assert parse_url_encoded_form_data.cache_info().misses == before


async def test_a_form_of_more_than_200_fields_is_refused_and_none_of_them_is_read(visitor: Visitor) -> None:
    before = parse_url_encoded_form_data.cache_info().misses
    body = "&".join(f"f{at}={at}" for at in range(20_000))
    answer = await visitor("melati").post("/masuk", content=body, headers={"content-type": URL_ENCODED})
    assert answer.status_code == 422
    assert "terlalu banyak isian" in answer.text
    assert parse_url_encoded_form_data.cache_info().misses == before


async def test_a_form_of_more_than_200_parts_is_refused(officer_client: SignedInClient) -> None:
    files = [("file", ("a.csv", b"x")), *((f"f{at}", (None, b"")) for at in range(250))]
    answer = await officer_client.post("/pengurus/anggota/impor", files=files)
    assert answer.status_code == 422
    assert "terlalu banyak isian" in answer.text


async def test_a_field_of_an_upload_that_is_no_file_is_no_longer_than_a_form(
    officer_client: SignedInClient,
) -> None:
    path, file = "/pengurus/anggota/impor", ("file", ("a.csv", b"x" * 300 * KILOBYTE))
    answer = await officer_client.post(path, files=[("as_of", (None, b"x" * 257 * KILOBYTE)), file])
    assert answer.status_code == 413
    assert "256 kB" in answer.text
    assert (
        await officer_client.post(path, files=[("as_of", (None, b"x" * KILOBYTE)), file])
    ).status_code == 422
    carried_back = [("content", (None, b"x" * 257 * KILOBYTE)), ("as_of", (None, b"2026-01-01"))]
    assert (await officer_client.post(f"{path}/ditolak", files=carried_back)).status_code != 413


async def test_of_the_uploads_of_one_cooperative_a_fifth_is_refused_before_it_is_read(
    app: HostDispatcher, officer_client: SignedInClient
) -> None:
    upload = {"file": ("a.csv", b"x")}
    others = [RequestBody(app.body_limiter, "192.0.2.7", app) for _ in range(MAX_UPLOADS_PER_TENANT)]
    for body in others:
        body.start_upload((await app.hosts.find("melati")).schema_name)  # type: ignore[union-attr]  # it is there
    answer = await officer_client.post("/pengurus/anggota/impor", files=upload)
    assert answer.status_code == 429
    assert "masih dikirim atau dibaca" in answer.text
    assert answer.headers["retry-after"] == "60"
    others[0].close()
    assert (await officer_client.post("/pengurus/anggota/impor", files=upload)).status_code == 422
    assert len(app.body_limiter.uploads) == MAX_UPLOADS_PER_TENANT - 1
    assert app.body_limiter.uploaded_bytes == 0


async def test_reading_stops_at_the_first_field_that_the_form_does_not_know(visitor: Visitor) -> None:
    body = "identity=Nomor-Pertama&lain=x&kembali=%2Fanggota%2Fsesudahnya"
    answer = await visitor("melati").post("/masuk", content=body, headers={"content-type": URL_ENCODED})
    assert answer.status_code == 422
    assert "lain" in answer.text
    assert "Nomor-Pertama" in answer.text
    assert "sesudahnya" not in answer.text


async def test_hostile_bodies_of_one_network_are_counted_and_then_refused_unread(
    app: HostDispatcher, visitor: Visitor, officer_client: SignedInClient
) -> None:
    statuses = [(await Sent("/masuk", b"a=1&" * 8_000, 20).to(app)).status for _ in range(61)]
    assert statuses == [413] * 60 + [429]
    refused = await Sent("/masuk", b"a=1&" * 8_000, 20).to(app)
    assert (refused.status, refused.taken) == (429, 0)
    # who signs in at the same network sends little, and whoever is signed in is known; a network elsewhere is
    # not touched
    assert (await Sent("/masuk", b"identity=0001&password=salah", 1, length=True).to(app)).status == 403
    large = b"x" * 9_000
    assert (await Sent("/daftar", large, 1, BASE_DOMAIN, length=True).to(app)).status == 429
    assert (
        await visitor("").post("/daftar", content=large, headers={"content-type": URL_ENCODED})
    ).status_code == 422
    upload = {"file": ("a.csv", large)}
    app.body_limiter.max_refused = 0
    assert (await officer_client.post("/pengurus/anggota/impor", files=upload)).status_code == 422


async def test_a_query_or_cookies_longer_than_any_of_ours_are_refused_unread(visitor: Visitor) -> None:
    assert (await visitor("melati").get("/?" + "a&" * 20_000)).status_code == 414
    assert (await visitor("melati").get("/", headers={"cookie": "a;" * 20_000})).status_code == 431
