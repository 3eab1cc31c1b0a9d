"""The two database logins: the owner, which creates schemas and migrates, and the application's.

Web and worker processes have the application's login only. When only the owner's login is configured outside
production, the application's password is derived from the owner's, which cannot be computed from it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, make_url

from kernel.errors import ErrorType

if TYPE_CHECKING:
    from kernel.settings import Settings

OWNER_NEEDED = ErrorType(
    "kernel.owner_needed",
    500,
    "Ini memerlukan login pemilik basis data: atur LUMBUNG_DATABASE_URL. Login aplikasi saja tidak cukup.",
)
APPLICATION_NEEDED = ErrorType(
    "kernel.application_login_needed",
    500,
    "Ini memerlukan login aplikasi di basis data: atur LUMBUNG_APP_DATABASE_URL.",
)


class DatabaseLogins:
    """The owner's and the application's URL of one database, as far as this process has them."""

    def __init__(self, owner_url: str | None, app_url: str | None, settings: Settings) -> None:
        self._owner = _parse_url(owner_url) if owner_url else None
        if app_url:
            self._app: URL | None = _parse_url(app_url)
        elif self._owner is not None and not settings.is_production:
            self._app = _derive_app_url(self._owner, settings.app_role)
        else:
            self._app = None

    @property
    def has_owner(self) -> bool:
        """Whether this process has the owner's login."""
        return self._owner is not None

    @property
    def has_app(self) -> bool:
        """Whether this process has the application's login."""
        return self._app is not None

    @property
    def owner_url(self) -> URL:
        """The owner's URL. Raises a DomainError (``kernel.owner_needed``) when it is not configured."""
        if self._owner is None:
            raise OWNER_NEEDED()
        return self._owner

    @property
    def app_url(self) -> URL:
        """The application's URL.

        Raises a DomainError (``kernel.application_login_needed``) when it is not configured.
        """
        if self._app is None:
            raise APPLICATION_NEEDED()
        return self._app


def _parse_url(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+asyncpg")


def _derive_app_url(owner: URL, role: str) -> URL | None:
    if not owner.password:  # no secret to derive from
        return None
    password = hmac.new(
        str(owner.password).encode(), b"lumbung application login", hashlib.sha256
    ).hexdigest()
    return owner.set(username=role, password=password)
