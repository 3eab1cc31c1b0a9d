"""Admit members: by an application that officers approve or decline, or directly at the counter."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel import audit
from kernel.ids import new_id
from members import errors, queries, rules
from members.activate_account import IssuedCode, PreparedCode, issue_prepared_code, prepare_code
from members.errors import JOINED_TOO_EARLY
from members.models import Member
from ui.errors import NOT_FOUND

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


class PersonDetails(msgspec.Struct, frozen=True):
    """A person's details. `sex` is "L" (male), "P" (female) or empty; `phone` is in E.164 or None."""

    name: str
    sex: str = ""
    phone: str | None = None
    address: str = ""


class AdmissionResult(msgspec.Struct, frozen=True):
    """An admitted member and the activation code to pass on.

    `code` is None if the same form had already admitted the member, or if the officer admitted themselves.
    """

    member_id: UUID
    number: str
    code: IssuedCode | None


async def apply_for_membership(
    db: AsyncSession, actor: Actor, person: PersonDetails, *, key: str, consent: str
) -> UUID:
    """Record an application for membership and return its id; the same `key` gives the same application.

    `consent` is the sentence that the person agreed to, stored as proof. The phone number is not compared
    with the register, so that neither the answer nor its delay tells a stranger who is a member; officers see
    members with the same phone on the page of the application.
    """
    await queries.lock_register(db)
    before = await queries.find_member_by_form_key(db, key)
    if before is not None:
        return before.id
    member = Member(
        id=new_id(),
        name=person.name,
        sex=person.sex,
        phone=person.phone,
        address=person.address,
        status="applied",
        application_key=key,
    )
    db.add(member)
    audit.record(
        db, actor, "members.applied", subject=f"member:{member.id}", params={"consent": consent, "by": "web"}
    )
    await db.flush()
    return member.id


async def admit_member(
    db: AsyncSession,
    actor: Actor,
    person: PersonDetails,
    *,
    number: str,
    joined_on: date,
    today: date,
    key: str,
) -> AdmissionResult:
    """Admit a person at the counter and issue their activation code.

    An empty `number` means the next free one. Raises DomainError: members.already_member, .number_taken,
    .number_not_plain, .date_ahead, .joined_too_early.
    """
    prepared = await prepare_code()
    await queries.lock_register(db)
    before = await queries.find_member_by_form_key(db, key)
    if before is not None and before.number is not None:
        return AdmissionResult(before.id, before.number, None)
    if joined_on > today:
        raise errors.DATE_AHEAD(field="joined_on")
    if rules.is_joined_too_early(joined_on):
        raise JOINED_TOO_EARLY(year=joined_on.year, field="joined_on")
    if person.phone:
        for other in await queries.list_members_by_phone(db, person.phone):
            if rules.is_same_name(other.name, person.name):
                raise errors.ALREADY_MEMBER(name=other.name, field="name")
    member = await add_to_register(db, person, number=number, joined_on=joined_on, by=actor.name, key=key)
    return await _finish_admission(db, actor, member, "members.admitted", prepared)


async def add_to_register(
    db: AsyncSession, person: PersonDetails, *, number: str, joined_on: date, by: str, key: str | None = None
) -> Member:
    """Insert an active member, without an account; an empty `number` means the next free one.

    Raises DomainError: members.number_taken, .number_not_plain.
    """
    member = Member(
        id=new_id(),
        number=await _allocate_number(db, number),
        name=person.name,
        sex=person.sex,
        phone=person.phone,
        address=person.address,
        status="active",
        application_key=key,
        joined_on=joined_on,
        decided_by=by,
    )
    db.add(member)
    await db.flush()
    return member


async def approve_application(
    db: AsyncSession, actor: Actor, member_id: UUID, *, number: str, joined_on: date, today: date
) -> AdmissionResult:
    """Approve an application: the applicant becomes a member and gets an activation code.

    Raises DomainError: ui.not_found, members.already_decided, .number_taken, .number_not_plain, .date_ahead,
    .joined_too_early.
    """
    if joined_on > today:
        raise errors.DATE_AHEAD(field="joined_on")
    if rules.is_joined_too_early(joined_on):
        raise JOINED_TOO_EARLY(year=joined_on.year, field="joined_on")
    prepared = await prepare_code()
    member = await _get_open_application(db, member_id)
    member.number = await _allocate_number(db, number)
    member.status, member.joined_on, member.decided_by = "active", joined_on, actor.name
    return await _finish_admission(db, actor, member, "members.approved", prepared)


async def decline_application(db: AsyncSession, actor: Actor, member_id: UUID, reason: str) -> None:
    """Decline an application and store the reason.

    Raises DomainError: ui.not_found, members.already_decided, .reason_needed.
    """
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    member = await _get_open_application(db, member_id)
    member.status, member.decided_by, member.leaving_reason = "declined", actor.name, reason.strip()
    audit.record(
        db,
        actor,
        "members.declined",
        subject=f"member:{member.id}",
        params={"name": member.name, "reason": reason.strip()},
    )
    await db.flush()


async def _get_open_application(db: AsyncSession, member_id: UUID) -> Member:
    """Return an undecided application, with the register locked.

    Raises DomainError: ui.not_found, members.already_decided.
    """
    await queries.lock_register(db)
    member = await db.get(Member, member_id)
    if member is None:
        raise NOT_FOUND()
    if member.status != "applied":
        raise errors.ALREADY_DECIDED(name=member.name, by=member.decided_by or "-")
    return member


async def _finish_admission(
    db: AsyncSession, actor: Actor, member: Member, action: str, prepared: PreparedCode
) -> AdmissionResult:
    """Record the admission in the audit log and issue the activation code."""
    assert member.number is not None
    audit.record(
        db,
        actor,
        action,
        subject=f"member:{member.id}",
        params={"number": member.number, "name": member.name},
    )
    await db.flush()
    user = await queries.get_user(db, actor.user_id)
    if user is not None and user.member_id is None and user.phone is not None and user.phone == member.phone:
        # the officer admits themselves: link their account to the member; it needs no code
        user.member_id = member.id
        await db.flush()
        return AdmissionResult(member.id, member.number, None)
    return AdmissionResult(
        member.id, member.number, await issue_prepared_code(db, actor, member.id, prepared)
    )


async def _allocate_number(db: AsyncSession, wanted: str) -> str:
    """Return the wanted member number if it is valid and free, or the next free one, with the register
    locked.
    """
    await queries.lock_register(db)
    number = wanted.strip()
    if not number:
        return rules.next_number(await queries.get_largest_number(db))
    if not rules.is_valid_number(number):
        raise errors.NUMBER_NOT_PLAIN(most=rules.MAX_NUMBER_LENGTH, field="number")
    taken = await queries.find_member_by_number(db, number)
    if taken is not None:
        raise errors.NUMBER_TAKEN(number=number, name=taken.name, field="number")
    return number
