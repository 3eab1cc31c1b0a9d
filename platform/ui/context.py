"""The request context: tenant, viewer, language and caches of one request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from kernel.actor import VISITOR, Actor

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import Scope

    from kernel.database import Database
    from kernel.formats import Lang
    from tenants.registry import TenantRef


class Viewer(msgspec.Struct, frozen=True):
    """A signed-in person.

    ``session`` is the hash of the session cookie's token; CSRF tokens are bound to it. ``code_used_at`` and
    ``code_given_by`` describe the sign-in code that opened the account, until the person confirms the notice.
    """

    user_id: UUID
    name: str
    member_id: UUID | None
    member_number: str | None
    officer_role: str | None
    session: bytes
    code_used_at: datetime | None = None
    code_given_by: str | None = None
    permissions: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Return whether this person's office holds a permission of ``cooperative.rights``."""
        return permission in self.permissions

    @property
    def is_officer(self) -> bool:
        """Whether this person may see officer pages."""
        return self.officer_role is not None

    @property
    def is_member(self) -> bool:
        """Whether this person is in the register as an active member."""
        return self.member_id is not None

    def as_officer(self) -> Actor:
        """Return the actor for what this person does as an officer."""
        return Actor("officer", self.name, self.user_id)

    def as_member(self) -> Actor:
        """Return the actor for what this person does as a member."""
        return Actor("member", self.name, self.user_id)


class Brand(msgspec.Struct, frozen=True):
    """Name, theme, logo and contact data that the pages of a cooperative or of the platform show.

    ``css`` is the cooperative's own stylesheet; empty if it has none.
    """

    name: str
    tagline: str = ""
    theme: str = "base"
    logo_url: str | None = None
    css_url: str | None = None
    css: str = ""
    address: str = ""
    phone: str = ""
    bank_account: str = ""
    timezone: str = "Asia/Jakarta"
    shop_open: bool = True


class RequestContext:
    """The context of one request; ``web.dispatch`` fills it before the handler runs."""

    __slots__ = (
        "brand",
        "client_ip",
        "database",
        "flash",
        "host_kind",
        "is_secure",
        "lang",
        "operator",
        "page_cache",
        "tenant",
        "viewer",
    )

    def __init__(self, database: Database, host_kind: str, brand: Brand) -> None:
        self.database = database
        self.host_kind = host_kind
        self.brand = brand
        self.tenant: TenantRef | None = None
        self.viewer: Viewer | None = None
        self.operator: Any = None
        self.lang: Lang = "id"
        self.client_ip = ""
        self.is_secure = False
        self.flash: str | None = None
        self.page_cache: Any = None

    @property
    def actor(self) -> Actor:
        """The actor of this request: an officer, a member, or a visitor."""
        if self.viewer is None:
            return VISITOR
        return self.viewer.as_officer() if self.viewer.is_officer else self.viewer.as_member()


CONTEXT_KEY = "lumbung.ctx"


def get_context(request: Request[Any, Any, Any] | Scope) -> RequestContext:
    """Return the context that the dispatcher stored in the request's scope."""
    scope: Any = request if isinstance(request, dict) else request.scope
    ctx: RequestContext = scope[CONTEXT_KEY]
    return ctx
