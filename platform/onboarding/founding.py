"""Found a cooperative: one transaction over the registry and a schema that lay ready, so it exists whole or
not at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError

from cooperative.models import Profile
from governance.adoption import adopt_first
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.passwords import check_password, hash_password, verify_password
from kernel.phone import format_national
from members.models import Session, User
from onboarding import errors, queries
from onboarding.abandoned import remember_rows
from onboarding.rules import check_slug
from tenants import schemas
from tenants.changes import announce_registry
from tenants.founding_queries import minutes_until_room, names
from tenants.models import Cooperative, Hostname
from tenants.registry import TenantRef, tenant_by_slug
from tenants.resemblance import resembled
from tenants.revisions import COOPERATIVE, head_of
from tenants.schemas import ask_provision, await_spare, take_spare
from tenants.session import coop_session, enter, shared_reader, shared_session
from ui.cookies import new_token, token_hash

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

log = structlog.get_logger()

HANDOVER_LASTS = timedelta(minutes=2)


class Founding(msgspec.Struct, frozen=True):
    """What a founder says.

    ``phone`` is in E.164; ``key`` is the form's own: the same key founds once, however often it is sent.
    """

    name: str
    slug: str
    officer_name: str
    phone: str
    password: str
    bylaws_template: str
    key: str


class Founded(msgspec.Struct, frozen=True):
    """The new cooperative and a token that signs its founder in once, within two minutes; none while the name
    waits for release.
    """

    tenant: TenantRef
    handover: str
    fresh: bool


class Looked(msgspec.Struct, frozen=True):
    """What was found before a stranger's founding: the name of the cooperative that theirs looks like, if
    any.
    """

    resembles: str | None


async def found(database: Database, founding: Founding) -> Founded:
    """Found a cooperative, or find the one that the same form founded before.

    Raises DomainError: onboarding.slug_malformed, .slug_reserved, .slug_taken, .founded_by_somebody_else,
    .no_place_ready, and those of passwords and bylaws.
    """
    return await _found_once(database, founding, None)


async def found_by_stranger(database: Database, founding: Founding) -> Founded:
    """Found a cooperative for somebody whom nobody here knows, or find the one that the same form founded
    before.

    A name that looks like another's waits for an operator's release: then there is no hand-over. Nothing is
    founded beyond what the platform takes in an hour. Raises as ``found``, and DomainError
    onboarding.too_many_foundings.
    """

    async def look() -> Looked:
        most = database.settings.foundings_per_hour_in_all
        async with shared_reader(database) as ro:
            minutes = await minutes_until_room(ro, most)
            existing = [] if minutes else await names(ro)
        if minutes:
            log.error("no more cooperatives are founded within this hour", most=most)
            raise errors.TOO_MANY_FOUNDINGS(minutes=minutes)
        # thousands of names take a moment, which others should not wait for
        return Looked(await asyncio.to_thread(resembled, founding.name, founding.slug, existing))

    return await _found_once(database, founding, look)


async def _found_once(
    database: Database, founding: Founding, look: Callable[[], Awaitable[Looked]] | None
) -> Founded:
    slug = check_slug(founding.slug)
    check_password(founding.password, phone_number=founding.phone)
    password_hash = await hash_password(founding.password)
    deadline = time.monotonic() + schemas.WAIT_SECONDS
    while True:
        # asked in this order: whoever took the address between the two questions may have been this very form
        taken = await tenant_by_slug(database, slug) is not None
        before = await _founded_by_this_form(database, founding)
        if before is not None:
            return before
        if taken:
            raise errors.SLUG_TAKEN(slug=slug, field="slug")
        looked = await look() if look is not None else None
        try:
            async with shared_session(database) as db:
                founded = await _found(db, founding, slug, password_hash, looked)
        except IntegrityError as error:
            # somebody was faster by a moment: the same form sent twice, or another founder with the same
            # address
            if (
                "founding_key" in str(error.orig)
                or "slug" in str(error.orig)
                or "hostnames" in str(error.orig)
            ):
                continue
            raise
        if founded is not None:
            return founded
        if not await await_spare(database, deadline):  # taken faster than made
            raise errors.NO_PLACE_READY()


async def _found(
    db: AsyncSession, founding: Founding, slug: str, password_hash: str, looked: Looked | None
) -> Founded | None:
    head = head_of(COOPERATIVE)
    spare = await take_spare(db, head)
    if spare is None:
        return None
    schema_name, revision = spare
    now = clock.now()
    cooperative = Cooperative(
        id=new_id(),
        slug=slug,
        name=founding.name,
        schema_name=schema_name,
        revision=revision,
        founding_key=founding.key,
        contact_name=founding.officer_name,
        contact_phone=founding.phone,
        founded_at=now,
        status="waiting" if looked is not None and looked.resembles else "active",
        resembles=looked.resembles if looked is not None else None,
    )
    db.add(cooperative)
    await db.flush()
    db.add(Hostname(host=slug, kind="subdomain", cooperative_id=cooperative.id))
    await announce_registry(db)
    await ask_provision(db)  # one spare schema less
    await db.flush()
    tenant = TenantRef(cooperative.id, slug, founding.name, schema_name, cooperative.status, None, revision)
    await enter(db, tenant)
    user = User(
        id=new_id(),
        name=founding.officer_name,
        phone=founding.phone,
        officer_role="ketua",
        password_hash=password_hash,
    )
    db.add_all([user, Profile(id=1, name=founding.name, phone=format_national(founding.phone))])
    founder = Actor("officer", founding.officer_name, user.id)
    await adopt_first(db, founding.bylaws_template, founding.officer_name, clock.today())
    await db.flush()
    # what a stranger founds and never enters is removed again, as long as it holds no more than this
    facts: dict[str, object] = {"bylaws": founding.bylaws_template}
    if looked is not None:
        facts["rows"] = await remember_rows(db)
    audit.record(db, founder, "onboarding.founded", subject=slug, facts=facts)
    await db.flush()
    return Founded(tenant, "" if tenant.unreleased else await _hand_over(db, user.id), fresh=True)


async def _hand_over(db: AsyncSession, user_id: object) -> str:
    token = new_token()
    now = clock.now()
    db.add(
        Session(
            token_hash=token_hash(token),
            kind="handover",
            user_id=user_id,
            signed_in_at=now,
            expires_at=now + HANDOVER_LASTS,
        )
    )
    return token


async def _founded_by_this_form(database: Database, founding: Founding) -> Founded | None:
    async with shared_session(database) as db:
        slug = await queries.slug_of_form(db, founding.key)
    tenant = await tenant_by_slug(database, slug) if slug else None
    if tenant is None:
        return None
    async with coop_session(database, tenant) as db:
        founder = await queries.founder(db, founding.phone)
    # weighed while no connection is held
    if founder is None or not await verify_password(founder.password_hash, founding.password):
        raise errors.FOUNDED_BY_SOMEBODY_ELSE()
    if tenant.unreleased:
        return Founded(tenant, "", fresh=False)
    async with coop_session(database, tenant) as db:
        return Founded(tenant, await _hand_over(db, founder.user_id), fresh=False)
