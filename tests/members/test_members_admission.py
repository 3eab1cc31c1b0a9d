"""Admission of members: applications, the counter, member numbers, activation codes."""

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from factories.authentication import activate_with_code, sign_in_with_password
from kernel.actor import VISITOR, Actor
from kernel.database import Reader
from kernel.errors import DomainError
from members.activate_account import issue_activation_code
from members.admit_member import (
    AdmissionResult,
    PersonDetails,
    add_to_register,
    admit_member,
    apply_for_membership,
    approve_application,
    decline_application,
)
from members.models import Member, User
from members.queries import list_phone_sharers

TODAY = date(2026, 11, 24)
ANI = PersonDetails("Ani Lestari", "P", "+6281299990001", "Dusun Sukamaju")


@pytest.fixture
async def ketua(db: AsyncSession) -> Actor:
    user = (await db.execute(select(User).where(User.officer_role == "ketua"))).scalar_one()
    return Actor("officer", user.name, user.id)


async def admit(
    db: AsyncSession, actor: Actor, person: PersonDetails = ANI, *, number: str = "", key: str = "k1"
) -> AdmissionResult:
    return await admit_member(db, actor, person, number=number, joined_on=TODAY, today=TODAY, key=key)


async def actions(ro: Reader, subject: str) -> list[str]:
    return [
        row["action"]
        for row in await ro.records("SELECT action FROM audit_entries WHERE subject = $1", subject)
    ]


async def test_an_application_sent_twice_is_one(db: AsyncSession, ro: Reader) -> None:
    one = await apply_for_membership(db, VISITOR, ANI, key="form", consent="Saya setuju")
    two = await apply_for_membership(db, VISITOR, ANI, key="form", consent="Saya setuju")
    assert one == two
    assert await ro.value("SELECT count(*) FROM members WHERE status = 'applied'") == 1


async def test_the_consent_is_kept_as_its_proof(db: AsyncSession, ro: Reader) -> None:
    applicant = await apply_for_membership(
        db, VISITOR, ANI, key="form", consent="Saya setuju data saya disimpan"
    )
    params = await ro.value(
        "SELECT params->>'consent' FROM audit_entries WHERE subject = $1", f"member:{applicant}"
    )
    assert params == "Saya setuju data saya disimpan"


@pytest.mark.parametrize("phone", ["+6281299990001", "+6281200000001"])
async def test_a_phone_that_is_known_applies_like_any_other(db: AsyncSession, ro: Reader, phone: str) -> None:
    first = await apply_for_membership(db, VISITOR, ANI, key="form", consent="ya")
    other = await apply_for_membership(
        db, VISITOR, PersonDetails("Orang Lain", "L", phone), key="other", consent="ya"
    )
    sharers = await list_phone_sharers(ro, other, phone)
    assert [each.status for each in sharers] == ["applied" if phone == ANI.phone else "active"]
    assert first != other


async def test_whoever_was_declined_may_apply_again(db: AsyncSession, ketua: Actor) -> None:
    first = await apply_for_membership(db, VISITOR, ANI, key="form", consent="ya")
    await decline_application(db, ketua, first, "Belum berdomisili di sini")
    again = await apply_for_membership(db, VISITOR, ANI, key="form-2", consent="ya")
    assert again != first


async def test_approval_gives_a_number_and_a_code_that_works(
    db: AsyncSession, ro: Reader, ketua: Actor
) -> None:
    applicant = await apply_for_membership(db, VISITOR, ANI, key="form", consent="ya")
    admitted = await approve_application(db, ketua, applicant, number="", joined_on=TODAY, today=TODAY)
    assert admitted.number == "0003"
    assert admitted.code is not None
    await activate_with_code(db, "0812-9999-0001", admitted.code.code, "tiga kata aneh")
    opened = await sign_in_with_password(db, "0003", "tiga kata aneh")
    assert not opened.is_officer
    assert await actions(ro, f"member:{applicant}") == [
        "members.applied",
        "members.approved",
        "members.code_given",
        "members.activated",
    ]


async def test_an_application_is_answered_once(db: AsyncSession, ketua: Actor) -> None:
    applicant = await apply_for_membership(db, VISITOR, ANI, key="form", consent="ya")
    await decline_application(db, ketua, applicant, "Alamatnya di luar desa")
    with pytest.raises(DomainError) as refused:
        await approve_application(db, ketua, applicant, number="", joined_on=TODAY, today=TODAY)
    assert refused.value.code == "members.already_decided"
    declined = await db.get(Member, applicant)
    assert declined is not None
    assert (declined.status, declined.leaving_reason) == ("declined", "Alamatnya di luar desa")


async def test_declining_needs_a_reason(db: AsyncSession, ketua: Actor) -> None:
    applicant = await apply_for_membership(db, VISITOR, ANI, key="form", consent="ya")
    with pytest.raises(DomainError, match="reason"):
        await decline_application(db, ketua, applicant, "  ")


async def test_the_form_at_the_counter_sent_twice_admits_once(db: AsyncSession, ketua: Actor) -> None:
    first, second = await admit(db, ketua), await admit(db, ketua)
    assert first.member_id == second.member_id
    assert first.code is not None
    assert second.code is None, "the first page has the code that works; a second one would have killed it"


async def test_the_same_person_is_not_admitted_twice(db: AsyncSession, ketua: Actor) -> None:
    await admit(db, ketua)
    with pytest.raises(DomainError) as refused:
        await admit(db, ketua, PersonDetails("ANI  lestari", "P", ANI.phone), key="k2")
    assert refused.value.code == "members.already_member"


async def test_a_shared_phone_leads_to_the_first_account_alone(db: AsyncSession, ketua: Actor) -> None:
    await admit(db, ketua)
    child = await admit(db, ketua, PersonDetails("Putri Ani", "P", ANI.phone), key="k2")
    assert child.code is not None
    assert not child.code.signs_in_by_phone
    await activate_with_code(db, child.number, child.code.code, "tiga kata aneh")
    assert (await sign_in_with_password(db, child.number, "tiga kata aneh")).name == "Putri Ani"
    with pytest.raises(DomainError):
        await sign_in_with_password(db, "0812 9999 0001", "tiga kata aneh")


async def test_a_given_number_is_kept_and_must_be_free(db: AsyncSession, ketua: Actor) -> None:
    assert (await admit(db, ketua, number="A-17")).number == "A-17"
    with pytest.raises(DomainError) as refused:
        await admit(db, ketua, PersonDetails("Lain"), number="0001", key="k2")
    assert refused.value.code == "members.number_taken"
    assert refused.value.params["name"] == "Sari Wulandari Melati"


@pytest.mark.parametrize("number", ["<b>", "-1", "1 2", "9" * 19, "../7"])
async def test_a_number_is_plain(db: AsyncSession, ketua: Actor, number: str) -> None:
    with pytest.raises(DomainError) as refused:
        await admit(db, ketua, number=number)
    assert refused.value.code == "members.number_not_plain"


async def test_numbers_of_letters_do_not_disturb_the_count(db: AsyncSession) -> None:
    await add_to_register(db, PersonDetails("Satu"), number="LB-99", joined_on=TODAY, by="uji")
    assert (
        await add_to_register(db, PersonDetails("Dua"), number="", joined_on=TODAY, by="uji")
    ).number == "0003"


async def test_nobody_joins_tomorrow(db: AsyncSession, ketua: Actor) -> None:
    with pytest.raises(DomainError) as refused:
        await admit_member(db, ketua, ANI, number="", joined_on=date(2026, 11, 25), today=TODAY, key="k")
    assert refused.value.code == "members.date_ahead"


async def test_a_new_code_kills_the_old_one_and_not_the_password(db: AsyncSession, ketua: Actor) -> None:
    admitted = await admit(db, ketua)
    assert admitted.code is not None
    newer = await issue_activation_code(db, ketua, admitted.member_id)
    with pytest.raises(DomainError) as refused:
        await activate_with_code(db, admitted.number, admitted.code.code, "tiga kata aneh")
    assert refused.value.code == "members.wrong_code"
    await activate_with_code(db, admitted.number, newer.code, "tiga kata aneh")
    await issue_activation_code(db, ketua, admitted.member_id)
    assert (await sign_in_with_password(db, admitted.number, "tiga kata aneh")).name == ANI.name


async def test_a_kasir_cannot_reset_the_ketua(db: AsyncSession, ketua: Actor) -> None:
    sari = (await db.execute(select(User).where(User.phone == "+6281200000001"))).scalar_one()
    budi = (await db.execute(select(User).where(User.phone == "+6281200000002"))).scalar_one()
    sari.officer_role, budi.officer_role = "ketua", "kasir"
    await db.flush()
    assert sari.member_id is not None
    with pytest.raises(DomainError) as refused:
        await issue_activation_code(db, Actor("officer", budi.name, budi.id), sari.member_id)
    assert refused.value.code == "members.ketua_only"
    assert (await issue_activation_code(db, ketua, sari.member_id)).number == "0001"


async def test_an_officer_who_joins_keeps_their_account(db: AsyncSession, ketua: Actor) -> None:
    admitted = await admit(db, ketua, PersonDetails("Ketua Melati", "L", "+6289900000000"))
    assert admitted.code is None
    user = await db.get(User, ketua.user_id)
    assert user is not None
    assert user.member_id == admitted.member_id


async def test_a_member_with_an_officers_phone_does_not_get_their_account(
    db: AsyncSession, ketua: Actor
) -> None:
    budi = (await db.execute(select(User).where(User.phone == "+6281200000002"))).scalar_one()
    budi.officer_role = "kasir"
    await db.flush()
    admitted = await admit(
        db, Actor("officer", budi.name, budi.id), PersonDetails("Orang Lain", "L", "+6289900000000")
    )
    assert admitted.code is not None
    owner = (await db.execute(select(User).where(User.phone == "+6289900000000"))).scalar_one()
    assert owner.id == ketua.user_id
    assert owner.member_id is None


async def test_whoever_left_gets_no_code_and_cannot_come_in(db: AsyncSession, ketua: Actor) -> None:
    admitted = await admit(db, ketua)
    assert admitted.code is not None
    await activate_with_code(db, admitted.number, admitted.code.code, "tiga kata aneh")
    await db.execute(text("UPDATE members SET status = 'left' WHERE id = :id"), {"id": admitted.member_id})
    db.expire_all()
    with pytest.raises(DomainError) as refused:
        await issue_activation_code(db, ketua, admitted.member_id)
    assert refused.value.code == "members.not_active"
    with pytest.raises(DomainError) as refused:
        await sign_in_with_password(db, admitted.number, "tiga kata aneh")
    assert refused.value.code == "members.wrong_sign_in"


async def test_a_code_is_kept_as_argon2_and_expires(db: AsyncSession, ketua: Actor) -> None:
    admitted = await admit(db, ketua)
    assert admitted.code is not None
    user = (await db.execute(select(User).where(User.member_id == admitted.member_id))).scalar_one()
    assert user.activation_hash is not None
    assert user.activation_hash.startswith(b"$argon2id$")
    await db.execute(
        text("UPDATE users SET activation_expires_at = now() - interval '1 second' WHERE id = :id"),
        {"id": user.id},
    )
    with pytest.raises(DomainError) as refused:
        await activate_with_code(db, admitted.number, admitted.code.code, "tiga kata aneh")
    assert refused.value.code == "members.wrong_code"
