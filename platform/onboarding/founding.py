"""Found a cooperative: one transaction over the registry and a schema that lay ready, so it exists whole or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy.exc import IntegrityError

from governance.adoption import adopt_first
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.outbox import later
from kernel.passwords import check_password, hash_password, verify_password
from kernel.phone import national
from members.models import Session, User
from onboarding import errors, queries
from onboarding.rules import check_slug
from tenants.changes import announce_registry
from tenants.models import Cooperative, Hostname
from tenants.registry import TenantRef, tenant_by_slug
from tenants.revisions import COOPERATIVE, head_of
from tenants.schemas import make_spare, take_spare
from tenants.session import coop_session, enter, shared_session
from ui.cookies import new_token, token_hash
from ui.models import Profile

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

HANDOVER_LASTS = timedelta(minutes=2)


class Founding(msgspec.Struct, frozen=True):
    """What a founder says. ``phone`` is in E.164; ``key`` is the form's own: the same key founds once, however often it is sent."""

    name: str
    slug: str
    officer_name: str
    phone: str
    password: str
    bylaws_template: str
    key: str


class Founded(msgspec.Struct, frozen=True):
    """The new cooperative and a token that signs its founder in once, within two minutes."""

    tenant: TenantRef
    handover: str
    fresh: bool


async def found(database: Database, founding: Founding) -> Founded:
    """Found a cooperative, or find the one that the same form founded before.

    Raises Refusal: onboarding.slug_malformed, .slug_reserved, .slug_taken, .founded_by_somebody_else, and those of passwords and bylaws.
    """
    slug = check_slug(founding.slug)
    check_password(founding.password, phone_number=founding.phone)
    password_hash = await hash_password(founding.password)
    while True:
        before = await _founded_by_this_form(database, founding)
        if before is not None:
            return before
        if await tenant_by_slug(database, slug) is not None:
            raise errors.SLUG_TAKEN(slug=slug, field="slug")
        try:
            async with shared_session(database) as db:
                founded = await _found(db, founding, slug, password_hash)
        except IntegrityError as error:
            # somebody was faster by a moment: the same form sent twice, or another founder with the same address
            if "founding_key" in str(error.orig) or "slug" in str(error.orig) or "hostnames" in str(error.orig):
                continue
            raise
        if founded is not None:
            return founded
        await make_spare(database)  # the pool ran dry faster than the job refills it


async def _found(db: AsyncSession, founding: Founding, slug: str, password_hash: str) -> Founded | None:
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
    )
    db.add(cooperative)
    await db.flush()
    db.add(Hostname(host=slug, kind="subdomain", cooperative_id=cooperative.id))
    await announce_registry(db)
    await later(db, "tenants.refill_spares", {})
    await db.flush()
    tenant = TenantRef(cooperative.id, slug, founding.name, schema_name, "active", None, revision)
    await enter(db, tenant)
    user = User(
        id=new_id(), name=founding.officer_name, phone=founding.phone, officer_role="ketua", password_hash=password_hash
    )
    db.add_all([user, Profile(id=1, name=founding.name, phone=national(founding.phone))])
    founder = Actor("officer", founding.officer_name, user.id)
    await adopt_first(db, founding.bylaws_template, founding.officer_name, clock.today())
    audit.record(db, founder, "onboarding.founded", subject=slug, facts={"bylaws": founding.bylaws_template})
    await db.flush()
    return Founded(tenant, await _hand_over(db, user.id), fresh=True)


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
    async with coop_session(database, tenant) as db:
        return Founded(tenant, await _hand_over(db, founder.user_id), fresh=False)
