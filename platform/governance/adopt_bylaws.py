"""Adopt bylaws: the first version at founding, then each change as a new version.

An adopted version is never edited.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from cooperative.queries import get_timezone
from governance import errors, queries
from governance.models import BylawsVersion
from governance.rules import Bylaws, encode_bylaws, require_valid
from governance.templates import TEMPLATES
from kernel import audit, clock
from kernel.outbox import enqueue

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


async def adopt_initial_bylaws(db: AsyncSession, template_name: str, actor_name: str, on: date) -> int:
    """Adopt a template as version 1 of the bylaws, in force from ``on``, and return 1.

    Raises DomainError: governance.no_such_template.
    """
    if template_name not in TEMPLATES:
        raise errors.NO_SUCH_TEMPLATE(template=template_name, known=sorted(TEMPLATES))
    await _insert_version(db, 1, TEMPLATES[template_name], template_name, actor_name, on, "")
    return 1


async def adopt_bylaws(
    db: AsyncSession,
    actor: Actor,
    bylaws: Bylaws,
    effective_on: date,
    note: str,
    based_on_version: int,
) -> int:
    """Adopt ``bylaws`` as the next version, in force from ``effective_on``, and return its number.

    ``based_on_version`` is the latest version that the officer saw; the call fails if another version was
    adopted since. Raises DomainError: governance.bylaws_not_valid and the errors of ``validate_bylaws``,
    .nothing_changed, .date_in_the_past, .before_latest_version, .changed_meanwhile.
    """
    require_valid(bylaws)
    zone = await get_timezone(db)
    today = clock.today(zone)
    base = await queries.get_latest_version(db)
    if base.version != based_on_version:
        raise errors.CHANGED_MEANWHILE(version=base.version, by=base.adopted_by)
    before, after = encode_bylaws(base.bylaws), encode_bylaws(bylaws)
    if before == after:
        raise errors.NOTHING_CHANGED()
    require_effective_date(effective_on, base.effective_on, today)
    version = base.version + 1
    await _insert_version(db, version, bylaws, base.template, actor.name, effective_on, note.strip())
    audit.record(
        db,
        actor,
        "governance.bylaws_adopted",
        subject=f"bylaws:{version}",
        params={
            "version": version,
            "effective_on": effective_on.isoformat(),
            "changes": [
                {"rule": rule, "before": before.get(rule), "after": value}
                for rule, value in after.items()
                if before.get(rule) != value
            ],
        },
    )
    if effective_on > today:  # cached pages show prices: invalidate them on that day
        morning = datetime.combine(effective_on, time.min, ZoneInfo(zone))
        await enqueue(
            db, "governance.apply_bylaws", {}, due=morning, key=f"governance.apply_bylaws:{version}"
        )
    return version


def require_effective_date(effective_on: date, latest_effective_on: date, today: date) -> None:
    """Raise a DomainError for a date in the past, or before the date of the latest version.

    ``latest_effective_on`` is that version's date. Codes: governance.date_in_the_past,
    .before_latest_version.
    """
    if effective_on < today:
        raise errors.DATE_IN_THE_PAST(date=effective_on, field="effective_on")
    if effective_on < latest_effective_on:
        raise errors.BEFORE_LATEST_VERSION(
            date=effective_on, latest=latest_effective_on, field="effective_on"
        )


async def _insert_version(
    db: AsyncSession, version: int, bylaws: Bylaws, template: str, by: str, effective_on: date, note: str
) -> None:
    """Insert a version; raise governance.changed_meanwhile if that number was adopted concurrently."""
    try:
        async with db.begin_nested():
            db.add(
                BylawsVersion(
                    version=version,
                    effective_on=effective_on,
                    template=template,
                    document=encode_bylaws(bylaws),
                    note=note,
                    adopted_by=by,
                )
            )
    except IntegrityError as error:
        newest = await queries.get_latest_version(db)
        raise errors.CHANGED_MEANWHILE(version=newest.version, by=newest.adopted_by) from error
