"""A real server on a clone of the template, and a real Chromium.

Tests fail on requests that leave this machine.
"""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from chromium import find_chromium
from factories.browser_users import BrowserUser, OpenBrowser, Site, open_browser_user
from factories.processes import PLATFORM, clean_environment, command_process, free_port, web_process
from factories.sample_data import SampleData, build_sample_data
from kernel.database import Database, libpq_url

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def chromium_program() -> str:
    """Return the browser's path; without it tests are skipped with the reason, and fail under CI=true."""
    path, reason = find_chromium()
    if path is None:
        reason = f"no Chromium: {reason}. sudo apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def site(
    chromium_program: str, served_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server for this run, with its own data folder."""
    port, folder = free_port(), tmp_path_factory.mktemp("site")
    base_domain = f"localhost:{port}"
    extra = {"LUMBUNG_DATA_DIR": str(folder), "LUMBUNG_FOUNDINGS_PER_HOUR": "200"}
    owners = clean_environment() | {
        "PYTHONPATH": str(PLATFORM),
        "LUMBUNG_DATABASE_URL": libpq_url(served_database.owner_url),
        "LUMBUNG_APP_DATABASE_URL": libpq_url(served_database.app_url),
        "LUMBUNG_BASE_DOMAIN": base_domain,
    }
    with (
        web_process(served_database, port, base_domain, folder / "web.log", extra),
        command_process(["provision"], owners, folder / "provision.log"),  # tests found cooperatives here
    ):
        yield Site(base_domain, served_database)


@pytest.fixture(scope="session")
async def chromium(chromium_program: str) -> AsyncIterator[Browser]:
    """One browser for the whole run; each user gets a context of their own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_program, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def open_browser(chromium: Browser, site: Site) -> AsyncIterator[OpenBrowser]:
    """`await arrive("melati", js=False)` opens a browser user at that host.

    The test fails on any error in any of its browsers.
    """
    people: list[BrowserUser] = []

    async def open_browser(label: str = "melati", **options: Any) -> BrowserUser:
        person = await open_browser_user(chromium, site, label, **options)
        people.append(person)
        return person

    yield open_browser
    for person in people:
        await person.context.close()
    assert [fault for person in people for fault in person.faults] == []


@pytest.fixture(scope="session")
async def sample_data(site: Site) -> SampleData:
    """Sample data of every kind, created once a run."""
    return await build_sample_data(site)
