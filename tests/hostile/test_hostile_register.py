"""A stranger cannot learn who is a member: the answer is the same for every phone number."""

import re
import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from conftest import SignedInClient, Visitors
from kernel import passwords
from kernel.database import Database
from tenants.registry import TenantRef
from tenants.session import coop_reader

MEMBER, APPLICANT, NOBODY, CHAIR = "0812-0000-0001", "0812-9999-0001", "0812-9999-0777", "0899-0000-0000"


def application(phone: str, **changes: str) -> dict[str, str]:
    return {
        "name": "Ani Lestari",
        "phone": phone,
        "sex": "P",
        "address": "Dusun Sukamaju RT 2",
        "consent": "1",
        "key": str(uuid.uuid4()),
    } | changes


async def value(database: Database, tenant: TenantRef, sql: str, *args: object) -> Any:
    async with coop_reader(database, tenant) as ro:
        return await ro.value(sql, *args)


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def outcome_of(answer: httpx.Response) -> tuple[int, str | None, str]:
    """Return all that a stranger learns from an answer, without the form's key."""
    return answer.status_code, answer.headers.get("location"), re.sub(r"[0-9a-f-]{36}", "", answer.text)


async def test_applying_answers_alike_for_every_phone(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    await visitor("melati").post("/gabung", data=application(APPLICANT))
    asked: list[str] = []
    event.listen(
        database.app_engine.sync_engine,
        "before_cursor_execute",
        lambda *args: asked.append(args[2]),
        named=False,
    )
    answers, work = [], []
    for phone in (NOBODY, MEMBER, APPLICANT, CHAIR):
        asked.clear()
        answers.append(outcome_of(await visitor("melati").post("/gabung", data=application(phone))))
        work.append(list(asked))
    assert answers == [(303, "/gabung/terkirim", "")] * 4
    assert work == [work[0]] * 4, "the database does the same for each of them"


async def test_a_form_with_a_mistake_tells_no_more_about_a_phone_that_is_known(visitor: Visitors) -> None:
    answers = [
        outcome_of(await visitor("melati").post("/gabung", data=application(phone, **mistake)))
        for mistake in ({"name": ""}, {"consent": ""}, {})
        for phone in (NOBODY, MEMBER)
    ]
    shown = [(status, where, text.replace(NOBODY, "").replace(MEMBER, "")) for status, where, text in answers]
    assert shown[0::2] == shown[1::2]


async def test_officers_see_that_the_phone_is_a_members(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await visitor("melati").post("/gabung", data=application(MEMBER, name="Orang Lain"))
    listed = plain((await officer_client.get("/pengurus/anggota?status=applied")).text)
    assert "Nomor HP sudah anggota" in listed
    applicant = await value(database, melati, "SELECT id FROM members WHERE name = 'Orang Lain'")
    shown = plain((await officer_client.get(f"/pengurus/anggota/{applicant}")).text)
    assert "Sari Wulandari Melati" in shown
    assert "0001" in shown


async def test_two_names_of_one_account_are_not_told_by_the_wait(visitor: Visitors) -> None:
    for path, form in (
        ("/masuk", {"password": "salah sekali"}),
        ("/aktivasi", {"code": "CDFG-3467", "password": "tiga kata aneh"}),
    ):
        client = visitor("melati")
        for _ in range(6):
            stopped = await client.post(path, data={"identity": MEMBER, **form})
        assert stopped.status_code == 429
        hers, nobodys = [
            (await client.post(path, data={"identity": number, **form})).status_code
            for number in ("0001", "4711")
        ]
        assert hers == nobodys, "else the member's number is found by the phone's wait"


async def test_a_wrong_code_costs_the_same_for_every_phone(
    visitor: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[str] = []
    real = passwords._matches
    monkeypatch.setattr(
        passwords, "_matches", lambda stored, given: weighed.append(stored) or real(stored, given)
    )
    answers = []
    for phone in (MEMBER, CHAIR, NOBODY):
        form = {"identity": phone, "code": "CDFG-3467", "password": "tiga kata aneh"}
        status, where, text = outcome_of(await visitor("melati").post("/aktivasi", data=form))
        answers.append((status, where, text.replace(f'value="{phone}"', "")))
    assert len(weighed) == 3
    assert answers == [answers[0]] * 3
