import io

import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import manage_officers, update_profile
from backoffice.checklist import build_checklist, get_day_bounds
from backoffice.queries import SetupProgress
from backoffice.theme_previews import load_theme_tokens, render_theme_preview
from conftest import SignedInClient, SignInAs, Visitors
from cooperative.queries import ProfileView
from cooperative.queries import get_profile as profile_of
from factories.authentication import activate_with_code
from factories.cooperatives import PASSWORD
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.errors import DomainError
from tenants.registry import TenantRef
from tenants.session import coop_reader
from ui.themes import load_themes

SETTINGS = "/pengurus/pengaturan"
PAGES = ["/pengurus", SETTINGS, f"{SETTINGS}/tampilan", f"{SETTINGS}/pengurus", f"{SETTINGS}/tema/base.svg"]
WRITES = [
    "/pengurus/langkah/anggaran-dasar",
    SETTINGS,
    f"{SETTINGS}/toko/penutupan",
    f"{SETTINGS}/tampilan",
    f"{SETTINGS}/lambang",
    f"{SETTINGS}/pengurus",
]


async def load_profile(database: Database, tenant: TenantRef) -> ProfileView:
    async with coop_reader(database, tenant) as ro:
        found = await profile_of(ro)
    assert found is not None
    return found


@pytest.fixture
async def chair(db: AsyncSession) -> Actor:
    ro = as_reader(db)
    return Actor(
        "officer", "Ketua Melati", await ro.value("SELECT id FROM users WHERE officer_role = 'ketua'")
    )


@pytest.mark.parametrize("path", PAGES)
async def test_strangers_and_members_do_not_see_officers_pages(
    visitor: Visitors, member_client: SignedInClient, path: str
) -> None:
    assert (await visitor("melati").get(path)).headers["location"].startswith("/masuk")
    assert (await member_client.get(path)).status_code == 403


@pytest.mark.parametrize("path", WRITES)
async def test_strangers_and_members_change_nothing(
    visitor: Visitors, member_client: SignedInClient, database: Database, melati: TenantRef, path: str
) -> None:
    before = await load_profile(database, melati)
    assert (await visitor("melati").post(path, data={"name": "Milik saya"})).status_code == 303
    assert (await member_client.post(path, {"name": "Milik saya"})).status_code == 403
    assert await load_profile(database, melati) == before


@pytest.mark.parametrize("path", PAGES)
async def test_an_officer_sees_every_page(officer_client: SignedInClient, path: str) -> None:
    assert (await officer_client.get(path)).status_code == 200


async def test_a_write_without_the_form_of_this_session_is_refused(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    before = await load_profile(database, melati)
    answer = await officer_client.client.post(
        SETTINGS, data={"name": "Nama baru", "timezone": "Asia/Jakarta"}
    )
    assert answer.status_code == 403
    assert await load_profile(database, melati) == before


async def test_today_counts_the_steps_that_are_done(officer_client: SignedInClient) -> None:
    page = (await officer_client.get("/pengurus")).text
    assert "2 dari 5 selesai" in page  # the template cooperative has goods and members
    assert (await officer_client.post("/pengurus/langkah/anggaran-dasar")).status_code == 303
    page = (await officer_client.get("/pengurus")).text
    assert "3 dari 5 selesai" in page
    assert "Sudah cocok" not in page


def test_each_step_follows_its_own_fact() -> None:
    none = SetupProgress(bylaws=False, products=False, members=False, sale=False, appearance=False)
    assert not any(step.done for step in build_checklist(none, "id"))
    for step in build_checklist(none, "en"):
        alone = SetupProgress(
            **{name: name == step.code for name in ("bylaws", "products", "members", "sale", "appearance")}
        )
        assert [each.code for each in build_checklist(alone, "id") if each.done] == [step.code]
        assert step.href.startswith("/")


def test_a_day_begins_at_midnight_where_the_cooperative_is() -> None:
    from datetime import date

    start, end = get_day_bounds(date(2026, 11, 24), "Asia/Makassar")
    assert start.isoformat() == "2026-11-24T00:00:00+08:00"
    assert end.isoformat() == "2026-11-25T00:00:00+08:00"


async def test_what_the_cooperative_says_of_itself_shows_at_once(
    officer_client: SignedInClient, visitor: Visitors
) -> None:
    assert "Semboyan baru kami" not in (await visitor("melati").get("/")).text
    params = {"name": "Koperasi Melati Jaya", "tagline": "Semboyan baru kami", "timezone": "Asia/Makassar"}
    assert (await officer_client.post(SETTINGS, params)).status_code == 303
    assert "Pengaturan sudah disimpan." in (await officer_client.get(SETTINGS)).text
    page = (await visitor("melati").get("/")).text
    assert "Koperasi Melati Jaya" in page
    assert "Koperasi Melati Jaya" not in (await visitor("mawar").get("/")).text


@pytest.mark.parametrize("name", ["Koperasi Mawar", "KOP. MÁWAR", "Mawar 2"])
async def test_a_new_name_that_looks_like_another_cooperatives_is_refused(
    officer_client: SignedInClient, database: Database, melati: TenantRef, name: str
) -> None:
    answer = await officer_client.post(
        SETTINGS, {"name": name, "tagline": "Tetap di sini", "timezone": "Asia/Jakarta"}
    )
    assert answer.status_code == 409
    assert "pengelola Lumbung" in answer.text
    assert "Tetap di sini" in answer.text
    assert (await load_profile(database, melati)).name != name
    # an existing value may be written in another form
    params = {"name": "KOPERASI MELATI", "timezone": "Asia/Jakarta"}
    assert (await officer_client.post(SETTINGS, params)).status_code == 303


async def test_a_mistake_brings_the_profile_back_as_typed(officer_client: SignedInClient) -> None:
    answer = await officer_client.post(
        SETTINGS, {"name": "", "tagline": "Tetap di sini", "timezone": "Asia/Jakarta"}
    )
    assert answer.status_code == 422
    assert "Tetap di sini" in answer.text


async def test_the_look_changes_for_everybody(
    officer_client: SignedInClient, visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    look = {"theme": "sawah", "own_colours": "1", "accent": "#7A3B12", "header": "#f0c75e"}
    assert (await officer_client.post(f"{SETTINGS}/tampilan", look)).status_code == 303
    assert (await load_profile(database, melati)).accent == "#7a3b12"
    page = (await visitor("melati").get("/")).text
    assert "/sawah.css" in page
    assert "/merek/" in page
    plain = {"theme": "base", "accent": "#7a3b12", "header": "#f0c75e"}
    assert (await officer_client.post(f"{SETTINGS}/tampilan", plain)).status_code == 303
    now = await load_profile(database, melati)
    assert (now.theme, now.accent, now.header) == ("base", None, None)


@pytest.mark.parametrize(
    ("look", "sentence"),
    [
        ({"theme": "base", "own_colours": "1", "accent": "#ffe680", "header": "#222222"}, "terlalu pucat"),
        ({"theme": "base", "own_colours": "1", "accent": "red;}", "header": "#222222"}, "bukan warna"),
        ({"theme": "lain"}, "Tema ini tidak ada"),
    ],
)
async def test_a_look_that_cannot_be_worn_is_refused_with_a_sentence(
    officer_client: SignedInClient, database: Database, melati: TenantRef, look: dict[str, str], sentence: str
) -> None:
    before = await load_profile(database, melati)
    answer = await officer_client.post(f"{SETTINGS}/tampilan", look)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert await load_profile(database, melati) == before


async def test_the_trial_of_a_look_is_a_part_of_the_page(officer_client: SignedInClient) -> None:
    wanted = {"theme": "pesisir", "own_colours": "1", "accent": "#ffe680", "header": "#112233"}
    part = await officer_client.get(f"{SETTINGS}/tampilan", params=wanted, headers={"hx-request": "true"})
    assert "<html" not in part.text
    assert "terlalu pucat" in part.text
    assert "header=%23112233" in part.text


@pytest.mark.parametrize("theme", sorted(load_themes()))
def test_a_theme_is_drawn_in_its_colours_or_those_of_the_cooperative(theme: str) -> None:
    own = load_theme_tokens(theme)
    assert own["header"] in render_theme_preview(theme, None, None)
    drawn = render_theme_preview(theme, "#123456", "#654321")
    assert "#123456" in drawn
    assert "#654321" in drawn
    assert "var(" not in drawn
    assert own["header"] not in drawn


async def test_a_theme_picture_takes_colours_only(officer_client: SignedInClient) -> None:
    address = f"{SETTINGS}/tema/base.svg"
    assert (await officer_client.get(address, params={"accent": '"/><script>'})).status_code == 422
    assert (await officer_client.get(f"{SETTINGS}/tema/..%2f.svg")).status_code == 404


async def test_a_logo_is_made_anew_and_shown(
    officer_client: SignedInClient, visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (600, 400), "#1f6b45").save(drawn, "PNG")
    files = {"logo": ("lambang.png", drawn.getvalue(), "image/png")}
    answer = await officer_client.client.post(
        f"{SETTINGS}/lambang", data={"csrf": officer_client.csrf}, files=files
    )
    assert answer.status_code == 303
    logo = (await load_profile(database, melati)).logo
    shop = visitor("melati")
    assert f"/gambar/{logo}-320.webp" in (await shop.get("/")).text
    picture_of_it = await shop.get(f"/gambar/{logo}-320.webp")
    assert Image.open(io.BytesIO(picture_of_it.content)).size[0] == 320
    assert (await officer_client.post(f"{SETTINGS}/lambang/penghapusan")).status_code == 303
    assert (await load_profile(database, melati)).logo is None


async def test_what_is_no_picture_becomes_no_logo(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    files = {"logo": ("lambang.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")}
    answer = await officer_client.client.post(
        f"{SETTINGS}/lambang", data={"csrf": officer_client.csrf}, files=files
    )
    assert answer.status_code == 422
    assert "bukan gambar" in answer.text
    assert (await load_profile(database, melati)).logo is None


async def test_the_shop_closes_and_opens(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await officer_client.post(f"{SETTINGS}/toko/penutupan")
    assert not (await load_profile(database, melati)).shop_open
    await officer_client.post(f"{SETTINGS}/toko/pembukaan")
    assert (await load_profile(database, melati)).shop_open


async def test_a_new_officer_comes_in_by_a_code_that_is_shown_once(
    officer_client: SignedInClient, sign_in: SignInAs
) -> None:
    form = {"name": "Bagus Prakoso", "phone": "0812-8000-0001", "role": "bendahara"}
    page = (await officer_client.post(f"{SETTINGS}/pengurus", form)).text
    assert "Berikan kode ini kepada Bagus Prakoso" in page
    assert "Berikan kode ini" not in (await officer_client.get(f"{SETTINGS}/pengurus")).text


async def test_a_mistake_about_a_new_officer_comes_back_as_typed(officer_client: SignedInClient) -> None:
    form = {"name": "Bagus Prakoso", "phone": "12", "role": "raja"}
    answer = await officer_client.post(f"{SETTINGS}/pengurus", form)
    assert answer.status_code == 422
    assert "Bagus Prakoso" in answer.text


async def test_an_appointed_officer_signs_in_with_the_code(db: AsyncSession, chair: Actor) -> None:
    appointed = await manage_officers.appoint_officer(
        db, chair, name="Bagus Prakoso", phone="+6281280000001", role="bendahara"
    )
    assert appointed.code
    again = await manage_officers.appoint_officer(
        db, chair, name="Bagus Prakoso", phone="+6281280000001", role="kasir"
    )
    with pytest.raises(DomainError):
        await activate_with_code(db, "+6281280000001", appointed.code, PASSWORD)
    opened = await activate_with_code(db, "+6281280000001", again.code, PASSWORD)
    assert opened.is_officer
    with pytest.raises(DomainError) as error:
        await manage_officers.appoint_officer(
            db, chair, name="Bagus Prakoso", phone="+6281280000001", role="ketua"
        )
    assert error.value.code == "office.already_officer"


async def test_a_member_becomes_an_officer_by_a_new_code(db: AsyncSession, chair: Actor) -> None:
    appointed = await manage_officers.appoint_officer(
        db, chair, name="lain", phone="+6281200000001", role="kasir"
    )
    assert appointed.had_account
    assert appointed.name == "Sari Wulandari Melati"
    assert (await activate_with_code(db, "0001", appointed.code, "tiga kata aneh")).is_officer


async def test_only_the_chair_appoints_and_dismisses(db: AsyncSession, chair: Actor) -> None:
    await manage_officers.appoint_officer(db, chair, name="Sari", phone="+6281200000001", role="kasir")
    ro = as_reader(db)
    cashier = Actor("officer", "Sari", await ro.value("SELECT id FROM users WHERE officer_role = 'kasir'"))
    for attempt in (
        manage_officers.appoint_officer(db, cashier, name="Budi", phone="+6281200000002", role="ketua"),
        manage_officers.dismiss_officer(db, cashier, chair.user_id),
    ):
        with pytest.raises(DomainError) as error:
            await attempt
        assert error.value.code == "office.ketua_only"


async def test_a_dismissed_officer_is_out_at_once(
    officer_client: SignedInClient, sign_in: SignInAs, database: Database, melati: TenantRef
) -> None:
    form = {"name": "Sari", "phone": "0812-0000-0001", "role": "kasir"}
    await officer_client.post(f"{SETTINGS}/pengurus", form)
    cashier = await sign_in("melati", "+6281200000001")
    assert (await cashier.get("/pengurus")).status_code == 200
    async with coop_reader(database, melati) as ro:
        user_id = await ro.value("SELECT id FROM users WHERE officer_role = 'kasir'")
    answer = await officer_client.post(f"{SETTINGS}/pengurus/{user_id}/pemberhentian")
    assert answer.status_code == 303
    assert (await cashier.get("/pengurus")).status_code == 303  # signed out
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT count(*) FROM users WHERE member_id IS NOT NULL") == 2


async def test_nobody_dismisses_themselves(db: AsyncSession, chair: Actor) -> None:
    with pytest.raises(DomainError) as error:
        await manage_officers.dismiss_officer(db, chair, chair.user_id)
    assert error.value.code == "office.not_oneself"


async def test_the_same_profile_again_writes_no_trail(db: AsyncSession, chair: Actor) -> None:
    ro = as_reader(db)
    now = await profile_of(ro)
    params = update_profile.ProfileDetails(
        now.name, now.tagline, now.address, now.phone, now.bank_account, now.timezone
    )
    await update_profile.update_details(db, chair, params)
    await db.flush()
    assert await ro.value("SELECT count(*) FROM audit_entries WHERE action = 'office.profile_changed'") == 0
