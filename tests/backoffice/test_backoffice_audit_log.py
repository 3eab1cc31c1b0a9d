"""The audit log page of officers."""

import re

import pytest

from backoffice.audit_log_labels import ACTION_LABELS, describe_subject, get_action_label
from conftest import SignedInClient, Visitors
from kernel import audit
from kernel.actor import SYSTEM
from kernel.database import Database
from tenants.registry import TenantRef
from tenants.session import coop_session

PAGE = "/pengurus/jejak"


async def test_only_officers_read_it(visitor: Visitors, member_client: SignedInClient) -> None:
    assert (await visitor("melati").get(PAGE)).headers["location"].startswith("/masuk")
    assert (await member_client.get(PAGE)).status_code == 403


async def test_what_was_done_stands_there_in_a_sentence_newest_first(officer_client: SignedInClient) -> None:
    await officer_client.post("/pengurus/pengaturan/toko/penutupan")
    await officer_client.post("/pengurus/pengaturan/toko/pembukaan")
    text = (await officer_client.get(PAGE)).text
    assert "Ketua Melati" in text
    assert (
        text.index("Membuka toko") < text.index("Menutup toko") < text.index("Mendirikan koperasi di Lumbung")
    )
    assert f'href="{PAGE}"' in (await officer_client.get("/pengurus/pengaturan")).text


async def test_it_is_searched_by_sentence_person_and_thing(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        audit.record(
            db, SYSTEM, "office.unheard_of", subject="order:4711", params={"reason": "hujan <deras>"}
        )
    await officer_client.post("/pengurus/pengaturan/toko/penutupan")
    for search, found, hidden in (
        ("menutup TOKO", "Menutup toko", "unheard_of"),
        ("4711", "office.unheard_of", "Menutup toko"),
        ("hujan", "hujan &lt;deras&gt;", "Menutup toko"),
        ("ketua melati", "Menutup toko", "unheard_of"),
    ):
        text = (await officer_client.get(PAGE, params={"cari": search})).text
        assert found in text
        assert hidden not in text
    assert "Tidak ada yang cocok" in (await officer_client.get(PAGE, params={"cari": "100%_"})).text


async def test_long_trails_come_in_pages(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        for at in range(65):
            audit.record(db, SYSTEM, "shop.order_expired", subject=f"order:{7000 + at}")
    first = (await officer_client.get(PAGE)).text
    assert len(re.findall("<small>70[0-9]{2}</small>", first)) == 30
    second = (await officer_client.get(PAGE, params={"halaman": 2})).text
    assert not set(re.findall("<small>(70[0-9]{2})</small>", first)) & set(
        re.findall("<small>(70[0-9]{2})</small>", second)
    )
    beyond = await officer_client.get(PAGE, params={"halaman": 99})
    assert beyond.headers["location"].startswith(PAGE)


@pytest.mark.parametrize(
    ("subject", "params", "shown"),
    [
        ("order:12", "", "12"),
        ("order:12", "salah pesan", "salah pesan"),
        ("member:0198c0de-0000-7000-8000-000000000000", "", ""),
        ("2025", "", "2025"),
        ("profile", "", ""),
    ],
)
def test_ids_are_not_shown(subject: str, params: str, shown: str) -> None:
    assert describe_subject(subject, params) == shown


def test_an_unknown_action_goes_by_its_name() -> None:
    assert get_action_label("room.unheard_of", "id") == "room.unheard_of"
    assert all(label.localize("id") != label.localize("en") for label in ACTION_LABELS.values())
