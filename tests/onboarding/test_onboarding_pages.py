import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from conftest import Visitors
from kernel import clock
from kernel.database import Database
from kernel.errors import DomainError
from kernel.settings import Settings
from onboarding.rules import RESERVED_SLUGS, check_slug
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_reader, shared_session
from tenants.throttles import throttle_key
from web.dispatch import HostDispatcher

PASSWORD = "tiga-kata-berbeda"


def answers(**changes: str) -> dict[str, str]:
    return {
        "name": "Koperasi Kenanga",
        "slug": "kenanga",
        "officer_name": "Lestari Widuri",
        "phone": "0812-7000-0001",
        "password": PASSWORD,
        "bylaws": "konsumen",
        "founding_key": "a-key-of-this-very-form",
    } | changes


async def count(database: Database, slug: str) -> int:
    async with shared_session(database) as db:
        statement = text("SELECT count(*) FROM shared.cooperatives WHERE slug = :slug")
        return (await db.execute(statement, {"slug": slug})).scalar_one()


async def test_the_front_page_leads_to_founding_and_names_no_cooperative(visitor: Visitors) -> None:
    page = (await visitor("").get("/")).text
    assert 'href="/daftar"' in page
    assert "Melati" not in page
    assert "Mawar" not in page


async def test_the_form_tells_both_bylaws_with_percentages_and_deposits(visitor: Visitors) -> None:
    page = (await visitor("").get("/daftar")).text
    for words in (
        "Koperasi konsumen",
        "Koperasi Desa Merah Putih",
        "Imbal jasa desa",
        "Rp100.000",
        "Rp10.000",
    ):
        assert words in page


async def test_each_opening_of_the_form_has_a_key_of_its_own(visitor: Visitors) -> None:
    apex = visitor("")
    keys = {
        re.search(r'name="founding_key" value="([^"]+)"', (await apex.get("/daftar")).text)[1]
        for _ in range(2)
    }
    assert len(keys) == 2


async def test_founding_leads_signed_in_to_the_new_cooperative(visitor: Visitors, database: Database) -> None:
    answer = await visitor("").post("/daftar", data=answers())
    assert answer.status_code == 303
    link = answer.headers["location"]
    assert link.startswith("http://kenanga.localhost:8000/masuk/serah?kunci=")
    home = visitor("kenanga")
    assert (await home.get(link)).headers["location"] == "/pengurus"
    page = await home.get("/pengurus")
    assert page.status_code == 200
    assert "Lestari Widuri" in page.text
    assert "0 dari 5 selesai" in page.text
    assert ">0812-7000-0001<" in page.text  # at the foot, as people read it


async def test_a_handover_link_works_once_and_not_for_others(visitor: Visitors) -> None:
    link = (await visitor("").post("/daftar", data=answers())).headers["location"]
    key = link.partition("?")[2]
    assert (await visitor("melati").get(f"/masuk/serah?{key}")).status_code == 403
    assert (await visitor("kenanga").get(link)).status_code == 303
    again = await visitor("kenanga").get(link)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers


async def test_a_handover_link_is_over_after_two_minutes(visitor: Visitors) -> None:
    with clock.freeze_at(datetime.now(UTC) - timedelta(minutes=3)):
        link = (await visitor("").post("/daftar", data=answers())).headers["location"]
    assert (await visitor("kenanga").get(link)).status_code == 403


async def test_sent_twice_it_founds_one_and_lets_in_twice(visitor: Visitors, database: Database) -> None:
    links = {(await visitor("").post("/daftar", data=answers())).headers["location"] for _ in range(2)}
    assert len(links) == 2
    for link in links:
        assert (await visitor("kenanga").get(link)).headers["location"] == "/pengurus"
    assert await count(database, "kenanga") == 1


async def test_sent_twice_at_the_same_moment_it_founds_one(visitor: Visitors, database: Database) -> None:
    sent = await asyncio.gather(*(visitor("").post("/daftar", data=answers()) for _ in range(4)))
    assert [each.status_code for each in sent] == [303] * 4
    assert await count(database, "kenanga") == 1
    tenant = await find_tenant_by_slug(database, "kenanga")
    async with coop_reader(database, tenant) as ro:
        assert await ro.value("SELECT count(*) FROM users") == 1
        assert await ro.value("SELECT count(*) FROM bylaws") == 1


async def test_of_two_founders_who_want_one_address_one_gets_it(
    visitor: Visitors, database: Database
) -> None:
    sent = await asyncio.gather(
        *(
            visitor("").post(
                "/daftar", data=answers(founding_key=f"founder-number-{at}-key", officer_name=f"Pendiri {at}")
            )
            for at in range(3)
        )
    )
    assert sorted(each.status_code for each in sent) == [303, 409, 409]
    refused = next(each for each in sent if each.status_code == 409)
    assert "sudah dipakai koperasi lain" in refused.text
    assert await count(database, "kenanga") == 1


async def test_the_key_of_a_founded_form_with_another_password_lets_nobody_in(visitor: Visitors) -> None:
    await visitor("").post("/daftar", data=answers())
    stolen = await visitor("").post("/daftar", data=answers(password="kata-sandi-penebak"))
    assert stolen.status_code == 409
    assert "kenanga.localhost" not in stolen.headers.get("location", "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"slug": "operator"}, "disimpan untuk Lumbung"),
        ({"slug": "melati"}, "sudah dipakai koperasi lain"),
        ({"slug": "a--b"}, "tidak bisa dipakai"),
        ({"phone": "021 555 1234"}, "bukan nomor HP"),
        ({"password": "pendek"}, "terlalu pendek"),
        ({"bylaws": "lain"}, "Pilih salah satu"),
        ({"name": ""}, "Isi bagian ini dulu"),
    ],
)
async def test_a_mistake_brings_the_form_back_with_what_was_typed(
    visitor: Visitors, database: Database, change: dict[str, str], sentence: str
) -> None:
    answer = await visitor("").post("/daftar", data=answers(**change))
    assert answer.status_code in (409, 422)
    assert sentence in answer.text
    typed = answers(**change)
    assert typed["officer_name"] in answer.text
    assert f'value="{typed["founding_key"]}"' in answer.text
    assert f'value="{typed["password"]}"' not in answer.text
    assert await count(database, "kenanga") == 0


@pytest.mark.parametrize(
    ("slug", "about_it"), [("a--b", "tidak bisa dipakai"), ("melati", "sudah dipakai koperasi lain")]
)
async def test_every_mistake_is_named_at_once_above_and_beside_its_field(
    visitor: Visitors, slug: str, about_it: str
) -> None:
    wrong = answers(slug=slug, phone="021 555 1234", password="pendek")
    page = (await visitor("").post("/daftar", data=wrong)).text
    summary = page.partition('class="summary"')[2].partition("</section>")[0]
    fields = {"slug": about_it, "phone": "bukan nomor HP", "password": "terlalu pendek"}
    assert re.findall(r'href="#f-(\w+)"', summary) == list(fields)
    for field, sentence in fields.items():
        assert sentence in summary
        error = re.search(rf'id="e-{field}">(.*?)</p>', page, re.DOTALL)
        assert error is not None
        assert sentence in error[1]


async def test_what_is_typed_is_escaped(visitor: Visitors) -> None:
    answer = await visitor("").post("/daftar", data=answers(slug="melati", name="<script>alert(1)</script>"))
    assert "<script>alert(1)" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


async def test_the_address_is_checked_while_typing(visitor: Visitors) -> None:
    apex = visitor("")

    async def verdict(slug: str) -> str:
        return (await apex.get("/daftar/alamat", params={"slug": slug}, headers={"hx-request": "true"})).text

    assert "kenanga.localhost:8000" in await verdict("Kenanga")
    assert "masih kosong" in await verdict("kenanga")
    assert "sudah dipakai" in await verdict("melati")
    assert "disimpan" in await verdict("www")
    assert (await verdict("")).strip() == ""
    assert "<html" not in await verdict("kenanga")
    assert "<html" in (await apex.get("/daftar/alamat", params={"slug": "kenanga"})).text


async def test_one_network_cannot_found_without_end(
    visitor: Visitors, database: Database, settings: Settings
) -> None:
    async with shared_session(database) as db:
        await db.execute(
            text(
                "INSERT INTO shared.throttles (key, count, window_ends_at) VALUES (:key, :n, now() + "
                "interval '1 hour')"
            ),
            {"key": throttle_key("founding-from", "127.0.0.1"), "n": settings.foundings_per_hour},
        )
    answer = await visitor("").post("/daftar", data=answers())
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3_600
    assert await count(database, "kenanga") == 0


async def test_one_household_cannot_found_without_end_from_its_many_addresses(
    app: HostDispatcher, database: Database, settings: Settings
) -> None:
    async with shared_session(database) as db:
        await db.execute(
            text(
                "INSERT INTO shared.throttles (key, count, window_ends_at) VALUES (:key, :n, now() + "
                "interval '1 hour')"
            ),
            {"key": throttle_key("founding-from", "2001:db8:1:2::/64"), "n": settings.foundings_per_hour},
        )
    transport = httpx.ASGITransport(app, client=("2001:db8:1:2::beef", 1))
    origin = "http://localhost:8000"
    async with httpx.AsyncClient(transport=transport, base_url=origin, headers={"origin": origin}) as client:
        assert (await client.post("/daftar", data=answers())).status_code == 429
    assert await count(database, "kenanga") == 0


async def test_a_form_of_another_site_founds_nothing(visitor: Visitors, database: Database) -> None:
    answer = await visitor("").post("/daftar", data=answers(), headers={"origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert await count(database, "kenanga") == 0


@pytest.mark.parametrize(
    "slug", ["ab", "a" * 31, "-abc", "abc-", "a--b", "xn--abc", "a b c", "a.b.c", "ábcd", "", "a_b_c"]
)
def test_malformed_addresses_are_refused(slug: str) -> None:
    with pytest.raises(DomainError) as error:
        check_slug(slug)
    assert error.value.code == "onboarding.slug_malformed"


@pytest.mark.parametrize("slug", sorted({"operator", "www", "api", "admin", "mail", "static", "aset"}))
def test_the_platform_keeps_its_own_names(slug: str) -> None:
    assert slug in RESERVED_SLUGS
    with pytest.raises(DomainError) as error:
        check_slug(slug.upper())
    assert error.value.code == "onboarding.slug_reserved"


def test_good_addresses_pass_in_small_letters() -> None:
    assert check_slug("  Kopdes-Karangan-2 ") == "kopdes-karangan-2"
    assert check_slug("abc") == "abc"
    assert check_slug("a" * 30) == "a" * 30
