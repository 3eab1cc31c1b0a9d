"""Who looks at a page, and what a request knows before its handler runs."""

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
    """A signed-in person. ``session`` is the hash of the cookie's token: forms are bound to it.

    ``code_used_at`` and ``code_given_by`` tell of a code by which the account was opened, until they say that
    they have seen it.
    """

    user_id: UUID
    name: str
    member_id: UUID | None
    member_number: str | None
    officer_role: str | None
    session: bytes
    code_used_at: datetime | None = None
    code_given_by: str | None = None

    @property
    def is_officer(self) -> bool:
        """Whether officer pages are theirs."""
        return self.officer_role is not None

    @property
    def is_member(self) -> bool:
        """Whether they are in the register as an active member."""
        return self.member_id is not None

    def as_officer(self) -> Actor:
        """The actor of what they do in office."""
        return Actor("officer", self.name, self.user_id)

    def as_member(self) -> Actor:
        """The actor of what they do for themselves."""
        return Actor("member", self.name, self.user_id)


class Brand(msgspec.Struct, frozen=True):
    """How a cooperative (or the platform itself) shows itself.

    ``css`` is its own small stylesheet, if any.
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
    """One request, from its host name on: filled by the doors (web) before any handler runs."""

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
        """Who acts: an officer, a member, or a visitor."""
        if self.viewer is None:
            return VISITOR
        return self.viewer.as_officer() if self.viewer.is_officer else self.viewer.as_member()


CONTEXT_KEY = "lumbung.ctx"


def get_context(request: Request[Any, Any, Any] | Scope) -> RequestContext:
    """Return what the doors know about this request."""
    scope: Any = request if isinstance(request, dict) else request.scope
    ctx: RequestContext = scope[CONTEXT_KEY]
    return ctx
