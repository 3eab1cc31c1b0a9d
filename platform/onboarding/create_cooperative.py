"""Create a cooperative from a pooled schema.

One transaction covers the registry and the schema, so the cooperative exists completely or not at all.
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
from governance.adopt_bylaws import adopt_initial_bylaws
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.passwords import check_password, hash_password, verify_password
from kernel.phone import format_national
from members.models import Session, User
from onboarding import errors, queries
from onboarding.remove_abandoned import count_initial_rows
from onboarding.rules import check_slug
from tenants import schema_pool
from tenants.changes import publish_registry_change
from tenants.founding_queries import list_cooperative_names, minutes_until_founding_allowed
from tenants.models import Cooperative, Hostname
from tenants.name_similarity import find_similar_name
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.revisions import COOPERATIVE, get_head
from tenants.schema_pool import notify_provisioner, take_pool_schema, wait_for_pool_schema
from tenants.session import bind_current_transaction, coop_session, shared_reader, shared_session
from ui.cookies import generate_token, hash_token

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

log = structlog.get_logger()

HANDOVER_LIFETIME = timedelta(minutes=2)


class NewCooperative(msgspec.Struct, frozen=True):
    """The answers of the sign-up form.

    ``phone`` is in E.164; ``key`` identifies the form: the same key creates one cooperative, however often it
    is sent.
    """

    name: str
    slug: str
    officer_name: str
    phone: str
    password: str
    bylaws_template: str
    key: str


class CreatedCooperative(msgspec.Struct, frozen=True):
    """A new cooperative, and a token that signs its founder in once within two minutes.

    ``handover`` is empty while the name waits for approval; ``created`` is False when the form created it
    before.
    """

    tenant: TenantRef
    handover: str
    created: bool


class SimilarityCheck(msgspec.Struct, frozen=True):
    """The result of the check before a public sign-up: the name of a similar cooperative, if any."""

    resembles: str | None


async def create_cooperative(database: Database, new: NewCooperative) -> CreatedCooperative:
    """Create a cooperative without checks of public sign-up, or return the one the same form created before.

    Raises DomainError: onboarding.slug_malformed, .slug_reserved, .slug_taken, .founded_by_somebody_else,
    .no_place_ready, and those of passwords and bylaws.
    """
    return await _create_once(database, new, None)


async def sign_up_cooperative(database: Database, new: NewCooperative) -> CreatedCooperative:
    """Create a cooperative through public sign-up, or return the one the same form created before.

    A name that resembles another's waits for an operator's approval and gets no hand-over token. The number
    of sign-ups per hour over the whole platform is limited.

    Raises DomainError as ``create_cooperative`` does, and onboarding.too_many_foundings.
    """

    async def check_name() -> SimilarityCheck:
        most = database.settings.foundings_per_hour_in_all
        async with shared_reader(database) as ro:
            minutes = await minutes_until_founding_allowed(ro, most)
            existing = [] if minutes else await list_cooperative_names(ro)
        if minutes:
            log.error("the limit of sign-ups per hour is reached", most=most)
            raise errors.TOO_MANY_FOUNDINGS(minutes=minutes)
        # comparing thousands of names would block the event loop
        return SimilarityCheck(await asyncio.to_thread(find_similar_name, new.name, new.slug, existing))

    return await _create_once(database, new, check_name)


async def _create_once(
    database: Database, new: NewCooperative, check_similarity: Callable[[], Awaitable[SimilarityCheck]] | None
) -> CreatedCooperative:
    """Create the cooperative, or return the one that the same form created; retry after a lost race."""
    slug = check_slug(new.slug)
    check_password(new.password, phone_number=new.phone)
    password_hash = await hash_password(new.password)
    deadline = time.monotonic() + schema_pool.WAIT_SECONDS
    while True:
        # this order matters: between the two queries the same form may have taken the address
        taken = await find_tenant_by_slug(database, slug) is not None
        existing = await _find_created_by_form(database, new)
        if existing is not None:
            return existing
        if taken:
            raise errors.SLUG_TAKEN(slug=slug, field="slug")
        similarity = await check_similarity() if check_similarity is not None else None
        try:
            async with shared_session(database) as db:
                created = await _create(db, new, slug, password_hash, similarity)
        except IntegrityError as error:
            # a concurrent request won: the same form sent twice, or another founder with this address
            if (
                "founding_key" in str(error.orig)
                or "slug" in str(error.orig)
                or "hostnames" in str(error.orig)
            ):
                continue
            raise
        if created is not None:
            return created
        if not await wait_for_pool_schema(database, deadline):  # schemas are taken faster than made
            raise errors.NO_PLACE_READY()


async def _create(
    db: AsyncSession, new: NewCooperative, slug: str, password_hash: str, similarity: SimilarityCheck | None
) -> CreatedCooperative | None:
    """Create the cooperative in one transaction; return None when no pooled schema is ready."""
    head = get_head(COOPERATIVE)
    pool_schema = await take_pool_schema(db, head)
    if pool_schema is None:
        return None
    schema_name, revision = pool_schema
    now = clock.now()
    cooperative = Cooperative(
        id=new_id(),
        slug=slug,
        name=new.name,
        schema_name=schema_name,
        revision=revision,
        founding_key=new.key,
        contact_name=new.officer_name,
        contact_phone=new.phone,
        founded_at=now,
        status="waiting" if similarity is not None and similarity.resembles else "active",
        resembles=similarity.resembles if similarity is not None else None,
    )
    db.add(cooperative)
    await db.flush()
    db.add(Hostname(host=slug, kind="subdomain", cooperative_id=cooperative.id))
    await publish_registry_change(db, cooperative.schema_name)
    await notify_provisioner(db)  # one pool schema less
    await db.flush()
    tenant = TenantRef(cooperative.id, slug, new.name, schema_name, cooperative.status, None, revision)
    await bind_current_transaction(db, tenant)
    user = User(
        id=new_id(),
        name=new.officer_name,
        phone=new.phone,
        officer_role="ketua",
        password_hash=password_hash,
    )
    db.add_all([user, Profile(id=1, name=new.name, phone=format_national(new.phone))])
    founder = Actor("officer", new.officer_name, user.id)
    await adopt_initial_bylaws(db, new.bylaws_template, new.officer_name, clock.today())
    await db.flush()
    # an abandoned sign-up is removed only while it holds no more rows than these
    params: dict[str, object] = {"bylaws": new.bylaws_template}
    if similarity is not None:
        params["rows"] = await count_initial_rows(db)
    audit.record(db, founder, "onboarding.founded", subject=slug, params=params)
    await db.flush()
    return CreatedCooperative(
        tenant, "" if tenant.unapproved else await _create_handover_session(db, user.id), created=True
    )


async def _create_handover_session(db: AsyncSession, user_id: object) -> str:
    """Create the session that signs the founder in once, and return its token."""
    token = generate_token()
    now = clock.now()
    db.add(
        Session(
            token_hash=hash_token(token),
            kind="handover",
            user_id=user_id,
            signed_in_at=now,
            expires_at=now + HANDOVER_LIFETIME,
        )
    )
    return token


async def _find_created_by_form(database: Database, new: NewCooperative) -> CreatedCooperative | None:
    """Return the cooperative that this form created before, or None.

    Raises DomainError onboarding.founded_by_somebody_else for a wrong password.
    """
    async with shared_session(database) as db:
        slug = await queries.find_slug_by_founding_key(db, new.key)
    tenant = await find_tenant_by_slug(database, slug) if slug else None
    if tenant is None:
        return None
    async with coop_session(database, tenant) as db:
        founder = await queries.find_founder(db, new.phone)
    # hashing is slow and must not hold a connection
    if founder is None or not await verify_password(founder.password_hash, new.password):
        raise errors.FOUNDED_BY_SOMEBODY_ELSE()
    if tenant.unapproved:
        return CreatedCooperative(tenant, "", created=False)
    async with coop_session(database, tenant) as db:
        return CreatedCooperative(tenant, await _create_handover_session(db, founder.user_id), created=False)
