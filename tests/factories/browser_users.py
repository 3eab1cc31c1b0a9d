"""Users of a real Chromium: one context each, at phone size by default."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
)
from sqlalchemy import select

from factories.cooperatives import PASSWORD
from kernel import clock
from kernel.database import Database
from members.models import User
from members.sessions import open_session
from operators.models import Operator, OperatorSession
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_session, shared_session
from ui.cookies import generate_token, hash_token

PHONE = (360, 780)
DESKTOP = (1280, 900)
SESSION_LIFETIME = timedelta(hours=2)
TIMEOUT_MS = 20_000  # milliseconds: other tests may run on the machine at the same time
expect.set_options(timeout=TIMEOUT_MS)
# Status of a form with errors, and of a step that is not possible any more: both are ordinary.
ALLOWED_STATUSES = {409, 422}


@dataclass
class Site:
    """A running Lumbung and the database behind it."""

    base_domain: str
    database: Database

    def url(self, label: str, path: str = "/") -> str:
        """Return the URL of a path at a cooperative (or ``operator``), or at the apex for an empty label."""
        return f"http://{label}.{self.base_domain}{path}" if label else f"http://{self.base_domain}{path}"


@dataclass
class BrowserUser:
    """A user of a browser at one host.

    ``faults`` collects every error in the browser; ``expected`` are error statuses that a test provokes.
    """

    site: Site
    label: str
    context: BrowserContext
    page: Page
    expected: set[int] = field(default_factory=set)
    offline: bool = False
    faults: list[str] = field(default_factory=list)

    async def goto(self, path: str) -> None:
        """Open a path of the host; a status other than 200 is a fault."""
        response = await self.page.goto(self.site.url(self.label, path))
        assert response is not None
        assert response.status < 400 or response.status in self.expected, f"{path} answered {response.status}"

    async def fill(self, **fields: str) -> None:
        """Fill fields by their names."""
        for name, typed in fields.items():
            await self.page.locator(f'main [name="{name}"]:not([type=hidden])').fill(typed)

    async def choose(self, name: str, value: str) -> None:
        """Select an option."""
        await self.page.locator(f'main [name="{name}"][value="{value}"]').check()

    def button(self, words: str) -> Locator:
        """Return the button with this text in the main part of the page."""
        return self.page.locator("main").get_by_role("button", name=words)

    async def click_button(self, words: str) -> None:
        """Press a button in the main part and wait for the next page."""
        await self.button(words).first.click()
        await self.page.wait_for_load_state()

    async def click_link(self, words: str) -> None:
        """Follow a link in the main part of the page."""
        await self.page.locator("main").get_by_role("link", name=words).first.click()
        await self.page.wait_for_load_state()

    async def expect_heading(self, heading: str) -> None:
        """Wait until the page has this heading."""
        await expect(self.page.locator("h1")).to_contain_text(heading)

    async def expect_text(self, *sentences: str) -> None:
        """Wait until the page shows all of these texts."""
        for sentence in sentences:
            await expect(self.page.locator("body")).to_contain_text(sentence)

    async def sign_in_directly(self, phone: str) -> None:
        """Sign in the user with this phone number, by a session of their own."""
        tenant = await find_tenant_by_slug(self.site.database, self.label)
        assert tenant is not None
        async with coop_session(self.site.database, tenant) as db:
            user = (await db.execute(select(User).where(User.phone == phone))).scalar_one_or_none()
            assert user is not None, f"{self.label} has no user with the phone {phone}"
            opened = await open_session(db, user)
        await self.set_session_cookie(opened.token)

    async def sign_in_as_operator(self, operator: Operator) -> None:
        """Sign in as an operator."""
        token, now = generate_token(), clock.now()
        async with shared_session(self.site.database) as db:
            db.add(
                OperatorSession(
                    token_hash=hash_token(token),
                    operator_id=operator.id,
                    signed_in_at=now,
                    expires_at=now + SESSION_LIFETIME,
                )
            )
        await self.set_session_cookie(token)

    async def set_session_cookie(self, token: str) -> None:
        """Put a session token into this browser."""
        await self.context.add_cookies(
            [{"name": "lumbung", "value": token, "url": self.site.url(self.label)}]
        )

    async def sign_in(self, identity: str, password: str = PASSWORD) -> None:
        """Sign in through the form."""
        await self.fill(identity=identity, password=password)
        await self.click_button("Masuk")


OpenBrowser = Callable[..., Awaitable[BrowserUser]]


def record_faults(person: BrowserUser) -> None:
    """Record every console error, every failed request, and every request that would leave this machine."""

    def on_console(message: ConsoleMessage) -> None:
        # a bad status is judged in `answered`, where it is known what was asked for
        if message.type == "error" and "Failed to load resource" not in message.text:
            person.faults.append(f"console: {message.text} ({message.location})")

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        name = address.hostname or ""
        if address.scheme in {"http", "https"} and name != "localhost" and not name.endswith(".localhost"):
            person.faults.append(f"leaves this machine: {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 400 and response.status not in ALLOWED_STATUSES | person.expected:
            person.faults.append(f"{response.status}: {response.url}")

    def failed(request: Request) -> None:
        # leaving a page aborts its open requests
        if not person.offline and request.failure != "net::ERR_ABORTED":
            person.faults.append(f"failed: {request.url} ({request.failure})")

    person.page.on("console", on_console)
    person.page.on("pageerror", lambda error: person.faults.append(f"script: {error}"))
    person.page.on("request", asked)
    person.page.on("response", answered)
    person.page.on("requestfailed", failed)


async def open_browser_user(
    browser: Browser,
    site: Site,
    label: str,
    *,
    js: bool = True,
    size: tuple[int, int] = PHONE,
    expected: set[int] | None = None,
) -> BrowserUser:
    """Open a browser of its own at a host."""
    context = await browser.new_context(
        java_script_enabled=js,
        viewport={"width": size[0], "height": size[1]},
        locale="id-ID",
        timezone_id="Asia/Jakarta",
        reduced_motion="reduce",
    )
    context.set_default_timeout(TIMEOUT_MS)
    person = BrowserUser(site, label, context, await context.new_page(), expected or set())
    record_faults(person)
    return person
