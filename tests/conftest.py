"""Shared fixtures: a PostgreSQL server for the run, a template database with two cooperatives, and HTTP
clients.

`db` is for use cases: a write session in a transaction that is rolled back. `database` is a clone of the
template for one test, for everything that commits: pages, races, commands.
"""

import asyncio
import contextlib
import fcntl
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import hypothesis
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from factories.cooperatives import PASSWORD, populate_cooperative
from factories.run_directory import RunDirectory
from kernel.database import Database, Reader, as_reader
from kernel.postgres import EmbeddedPostgres
from kernel.process_services import build_services
from kernel.settings import Settings
from members.models import User
from members.sessions import open_session
from onboarding.create_cooperative import NewCooperative, create_cooperative
from tenants.migrator import migrate
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import bind_tenant, coop_session
from ui.cookies import hash_token
from web.dispatch import HostDispatcher
from web.rate_limits import RateLimiter

# Property tests use keys and ids of their own, so one rolled-back transaction can hold all examples.
hypothesis.settings.register_profile(
    "lumbung",
    deadline=None,
    max_examples=60,
    suppress_health_check=list(hypothesis.HealthCheck),
    print_blob=True,
)
hypothesis.settings.load_profile("lumbung")

RUN = "LUMBUNG_TEST_RUN"
TEMPLATE = "lumbung_template"
BASE_DOMAIN = "localhost:8000"
RUN_FOLDER_KEY = pytest.StashKey[RunDirectory]()


def pytest_configure(config: pytest.Config) -> None:
    if RUN not in os.environ:  # the first process of the run; xdist's workers inherit the name
        config.stash[RUN_FOLDER_KEY] = RunDirectory()
        os.environ[RUN] = str(config.stash[RUN_FOLDER_KEY].path)


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN_FOLDER_KEY in config.stash:
        del os.environ[RUN]
        config.stash[RUN_FOLDER_KEY].remove()


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(base_domain=BASE_DOMAIN, data_dir=Path(os.environ[RUN]), schema_pool_size=2)


@contextlib.contextmanager
def _file_lock(name: str) -> Iterator[None]:
    with (Path(os.environ[RUN]) / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def server_url() -> str:
    """URL of the run's server, without a database name."""
    with _file_lock("server"):
        return EmbeddedPostgres(Path(os.environ[RUN]), fast=True).start().rpartition("/")[0]


@pytest.fixture(scope="session")
def template(server_url: str, settings: Settings) -> str:
    """Name of the template database: migrated, with cooperatives `melati` and `mawar`; built once a run by
    the real use cases.
    """
    ready = Path(os.environ[RUN]) / "template.ready"
    with _file_lock("template"):
        if not ready.exists():
            asyncio.run(_build_template(server_url, settings))
            ready.touch()
    return TEMPLATE


async def _build_template(server_url: str, settings: Settings) -> None:
    await _in_server(server_url, f"CREATE DATABASE {TEMPLATE}")
    database = build_services(f"{server_url}/{TEMPLATE}", settings).main_database
    try:
        await migrate(database)
        for at, (slug, bylaws) in enumerate((("melati", "konsumen"), ("mawar", "desa-merah-putih"))):
            founded = await create_cooperative(
                database,
                NewCooperative(
                    name=f"Koperasi {slug.title()}",
                    slug=slug,
                    officer_name=f"Ketua {slug.title()}",
                    phone=f"+628990000000{at}",
                    password=PASSWORD,
                    bylaws_template=bylaws,
                    key=f"template-{slug}",
                ),
            )
            async with coop_session(database, founded.tenant) as db:
                await populate_cooperative(db, slug)
    finally:
        await database.services.close()


async def _in_server(server_url: str, *statements: str) -> None:
    connection = await asyncpg.connect(f"{server_url}/postgres")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _clone(server_url: str, template: str, settings: Settings) -> AsyncIterator[Database]:
    name = f"test_{uuid.uuid4().hex[:16]}"
    await _in_server(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    database = build_services(f"{server_url}/{name}", settings).main_database
    try:
        yield database
    finally:
        await database.services.close()
        await _in_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(server_url: str, template: str, settings: Settings) -> AsyncIterator[Database]:
    async with _clone(server_url, template, settings) as cloned:
        yield cloned


@pytest.fixture(scope="session")
async def rollback_database(server_url: str, template: str, settings: Settings) -> AsyncIterator[Database]:
    """A clone that no test commits to."""
    async with _clone(server_url, template, settings) as cloned:
        yield cloned


@pytest.fixture(scope="session")
async def served_database(server_url: str, template: str, settings: Settings) -> AsyncIterator[Database]:
    """A clone that browser tests and scenarios change, each in cooperatives or with names of its own."""
    async with _clone(server_url, template, settings) as cloned:
        yield cloned


async def _tenant(database: Database, slug: str) -> TenantRef:
    tenant = await find_tenant_by_slug(database, slug)
    assert tenant is not None
    return tenant


@pytest.fixture
async def melati(request: pytest.FixtureRequest) -> TenantRef:
    return await _tenant(_select_database(request), "melati")


@pytest.fixture
async def mawar(request: pytest.FixtureRequest) -> TenantRef:
    return await _tenant(_select_database(request), "mawar")


def _select_database(request: pytest.FixtureRequest) -> Database:
    own = {"database", "app", "visitor", "officer_client", "member_client", "sign_in"} & set(
        request.fixturenames
    )
    chosen: Database = request.getfixturevalue("database" if own else "rollback_database")
    return chosen


@pytest.fixture
async def db(rollback_database: Database) -> AsyncIterator[AsyncSession]:
    """A write session of melati whose transaction is rolled back."""
    async with rollback_database.session("test") as session:
        bind_tenant(session, await _tenant(rollback_database, "melati"))
        async with session.begin() as transaction:
            yield session
            if transaction.is_active:
                await transaction.rollback()


@pytest.fixture
async def ro(db: AsyncSession) -> Reader:
    """A Reader in the same transaction as `db`. After writing through `db`, flush before reading here."""
    return as_reader(db)


@pytest.fixture
async def app(database: Database, settings: Settings) -> AsyncIterator[HostDispatcher]:
    dispatcher = HostDispatcher(settings, database)
    dispatcher.rate_limiter = RateLimiter(
        lambda _: None, network_limit=None
    )  # a test signs in a thousand times in a minute
    await dispatcher.start()
    yield dispatcher
    await dispatcher.stop()


@pytest.fixture
async def visitor(app: HostDispatcher) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """`visitor("melati")` is a client without cookies at that host; `visitor("")` is one at the apex."""
    opened: list[httpx.AsyncClient] = []

    def open_client(label: str = "melati") -> httpx.AsyncClient:
        origin = f"http://{label}.{BASE_DOMAIN}" if label else f"http://{BASE_DOMAIN}"
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url=origin,
            headers={"origin": origin, "accept": "text/html"},
        )
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        await client.aclose()


Visitors = Callable[[str], httpx.AsyncClient]


@dataclass
class SignedInClient:
    """A signed-in client, and the token of its forms."""

    client: httpx.AsyncClient
    csrf: str

    async def get(self, url: str, **options: object) -> httpx.Response:
        return await self.client.get(url, **options)  # type: ignore[arg-type]

    async def post(
        self, url: str, data: dict[str, object] | None = None, **options: object
    ) -> httpx.Response:
        return await self.client.post(url, data={"csrf": self.csrf, **(data or {})}, **options)  # type: ignore[arg-type]


SignInAs = Callable[[str, str], Awaitable[SignedInClient]]


@pytest.fixture
async def sign_in(
    database: Database, visitor: Callable[[str], httpx.AsyncClient], settings: Settings
) -> SignInAs:
    """`await sign_in("melati", phone)` returns a SignedInClient: the session is inserted directly into the
    cooperative's schema.
    """

    async def sign_in_as(slug: str, phone: str) -> SignedInClient:
        tenant = await _tenant(database, slug)
        async with coop_session(database, tenant) as db:
            user = (await db.execute(select(User).where(User.phone == phone))).scalar_one_or_none()
            assert user is not None, f"{slug} has no user with the phone {phone}"
            token = (await open_session(db, user)).token
        client = visitor(slug)
        client.cookies.set("lumbung", token)
        return SignedInClient(client, compute_csrf_token(settings, tenant, token))

    return sign_in_as


def compute_csrf_token(settings: Settings, tenant: TenantRef, token: str) -> str:
    """Return the form token of this session, computed apart from the code under test."""
    import hashlib
    import hmac

    message = b"form\0" + tenant.schema_name.encode() + b"\0" + hash_token(token)
    return hmac.new(settings.secret_key.encode(), message, hashlib.sha256).hexdigest()


@pytest.fixture
async def officer_client(sign_in: SignInAs) -> SignedInClient:
    """A client of melati's chair."""
    return await sign_in("melati", "+6289900000000")


@pytest.fixture
async def member_client(sign_in: SignInAs) -> SignedInClient:
    """A client of melati's member 0001."""
    return await sign_in("melati", "+6281200000001")
