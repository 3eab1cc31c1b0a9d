"""The pages of the bylaws: rights, values that the form keeps, and the preview of a change."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from governance import queries
from governance.forms import make_code
from kernel import clock
from kernel.database import Database
from tenants.registry import TenantRef
from tenants.session import coop_reader

HOME = "/pengurus/anggaran-dasar"
Form = dict[str, Any]


def read_page_text(response: httpx.Response) -> str:
    """Return the page's visible text: no tags, single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text))).replace("\u00a0", " ")


def read_form_fields(response: httpx.Response) -> Form:
    """Return the values that the browser would send for the unchanged form."""
    form: Form = {}
    for tag in re.findall(r"<input[^>]+>", response.text):
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        is_choice = 'type="checkbox"' in tag or 'type="radio"' in tag
        if name is None or name[1] in {"csrf", "do"} or (is_choice and " checked" not in tag):
            continue
        form[name[1]] = unescape(value[1]) if value else ""
    for name, body in re.findall(r'<select[^>]* name="([^"]+)".*?>(.*?)</select>', response.text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        form[name] = chosen[1] if chosen else re.findall(r'value="([^"]*)"', body)[0]
    form["note"] = ""
    return form


async def latest_version(database: Database, tenant: TenantRef) -> queries.BylawsVersionView:
    async with coop_reader(database, tenant) as ro:
        return await queries.get_latest_version(ro)


async def test_a_visitor_reads_the_rules_and_may_not_open_the_form(
    visitor: Callable[[str], httpx.AsyncClient],
) -> None:
    client = visitor("melati")
    public = await client.get("/anggaran-dasar")
    assert public.status_code == 200
    assert "Jasa usaha" in read_page_text(public)
    assert "35 %" in read_page_text(public)
    for path in (HOME, f"{HOME}/ubah", f"{HOME}/1"):
        assert (await client.get(path)).status_code in {302, 303, 401}, path


async def test_a_member_may_not_change_the_rules(member_client: Any) -> None:
    assert (await member_client.get("/anggaran-dasar")).status_code == 200
    for path in (HOME, f"{HOME}/ubah", f"{HOME}/1"):
        assert (await member_client.get(path)).status_code == 403, path
    assert (await member_client.post(f"{HOME}/penetapan", {"based_on": "1"})).status_code == 403


async def test_an_officer_reads_every_rule_in_plain_words(officer_client: Any) -> None:
    page = read_page_text(await officer_client.get(HOME))
    for part in ("Cadangan", "25 %", "Rp100.000", "Rp20.000", "14 hari", "anggota Rp73.500", "Versi 1"):
        assert part in page, part


async def test_the_form_comes_filled_with_the_rules(officer_client: Any) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    assert (form["label_2"], form["percent_2"], form["goes_to_2"], form["code_2"]) == (
        "Jasa usaha",
        "35",
        "purchases",
        "jasa_usaha",
    )
    assert form["percent_6"] == "2,5"
    assert form["label_8"] == ""
    assert "counts_voluntary" not in form


async def test_the_preview_tells_what_changes_and_adopts_nothing(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    form |= {"percent_1": "17,5", "percent_2": "37.5 %", "member_discount": "4"}
    preview = await officer_client.post(f"{HOME}/ubah", form)
    assert preview.status_code == 200
    assert "3 aturan berubah" in read_page_text(preview)
    assert re.search(
        r"Jasa usaha Semula 35 % menurut belanja → menjadi 37,5 % menurut "
        r"belanja",
        read_page_text(preview),
    )
    assert "dibayar anggota Rp72.000, semula Rp73.500" in read_page_text(preview)
    assert (await latest_version(database, melati)).version == 1


async def test_what_the_preview_showed_is_adopted_and_the_old_version_stays(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    form |= {"percent_1": "17,5", "percent_2": "37,5", "note": "Rapat anggota 3 Maret"}
    preview = await officer_client.post(f"{HOME}/ubah", form)
    adopted = await officer_client.post(
        f"{HOME}/penetapan", read_form_fields(preview) | {"note": form["note"]}
    )
    assert adopted.status_code == 303
    assert adopted.headers["location"] == f"{HOME}/2"
    held = await latest_version(database, melati)
    assert (held.version, held.note) == (2, "Rapat anggota 3 Maret")
    services = next(line for line in held.bylaws.allocation if line.code == "jasa_usaha")
    assert (str(services.percent), services.account) == ("37.5", "2121")
    assert "35 %" in read_page_text(await officer_client.get(f"{HOME}/1"))
    second = read_page_text(await officer_client.get(f"{HOME}/2"))
    assert "Rapat anggota 3 Maret" in second
    assert "Perubahan dari versi 1" in second
    assert "37,5 %" in read_page_text(await officer_client.get("/anggaran-dasar"))


async def test_105_percent_comes_back_with_its_sentence_and_all_that_was_typed(officer_client: Any) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah")) | {
        "percent_2": "40",
        "label_3": "Dana pengurus dan pengawas",
    }
    answer = await officer_client.post(f"{HOME}/ubah", form)
    assert answer.status_code == 422
    assert "Pembagian SHU berjumlah 105 %, seharusnya 100 %." in read_page_text(answer)
    assert read_form_fields(answer)["label_3"] == "Dana pengurus dan pengawas"
    assert "105 %" in read_page_text(answer)


MISTAKES: list[tuple[Form, str]] = [
    ({"percent_2": "tiga"}, "bukan persen"),
    ({"percent_2": ""}, "Isi bagian ini dulu."),
    ({"percent_2": "-35", "percent_0": "95"}, "tidak boleh kurang dari nol"),
    ({"label_2": ""}, "belum punya nama"),
    ({"label_2": "jasa modal"}, "tertulis dua kali"),
    ({"principal": "banyak"}, "banyak"),
    ({"answer_days": "0"}, "harus antara 1 dan 365"),
    ({"effective_on": "2001-01-01"}, "sudah lewat"),
    ({"effective_on": ""}, "Isi bagian ini dulu."),
    ({"goes_to_2": "saya"}, "Pilih salah satu"),
    ({}, "Belum ada aturan yang berubah"),
]


async def test_each_mistake_is_told(officer_client: Any) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    for typed, expected in MISTAKES:
        answer = await officer_client.post(f"{HOME}/ubah", form | typed)
        assert answer.status_code == 422, typed
        assert expected in read_page_text(answer), typed


async def test_a_field_that_the_form_has_not_is_refused(officer_client: Any) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah")) | {
        "percent_2": "34",
        "percent_3": "6",
        "version": "7",
    }
    assert (await officer_client.post(f"{HOME}/penetapan", form)).status_code == 422


async def test_a_line_can_be_added_and_taken_away_without_javascript(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    fewer = read_form_fields(await officer_client.post(f"{HOME}/ubah", form | {"do": "hapus-3"}))
    assert fewer["label_3"] == "Dana karyawan"
    assert fewer["rows"] == "8"
    more = read_form_fields(await officer_client.post(f"{HOME}/ubah", fewer | {"do": "tambah"}))
    assert more["rows"] == "9"
    block = await officer_client.post(
        f"{HOME}/ubah", fewer | {"do": "tambah"}, headers={"hx-request": "true"}
    )
    assert block.text.lstrip().startswith("<form")
    assert read_form_fields(block) == more
    summed = await officer_client.post(f"{HOME}/ubah", more | {"do": "hitung"})
    assert summed.status_code == 200
    assert re.search(r"Jumlah semua bagian 95 %", read_page_text(summed))
    more |= {"label_7": "Dana Paceklik & Duka", "percent_7": "5", "goes_to_7": "fund"}
    assert (await officer_client.post(f"{HOME}/penetapan", more)).status_code == 303
    line = (await latest_version(database, melati)).bylaws.allocation[-1]
    assert (line.code, line.label_id, line.kind, line.account) == (
        "dana_paceklik_duka",
        "Dana Paceklik & Duka",
        "fund",
        "2160",
    )


async def test_two_new_lines_whose_names_make_one_code_are_told_apart(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    form |= {"rows": "10", "percent_0": "20", "label_8": "Dana 1", "percent_8": "2", "goes_to_8": "fund"}
    form |= {"label_9": "Dana 2", "percent_9": "3", "goes_to_9": "reserve", "code_9": ""}
    assert (await officer_client.post(f"{HOME}/penetapan", form)).status_code == 303
    codes = [line.code for line in (await latest_version(database, melati)).bylaws.allocation]
    assert codes[-2:] == ["dana", "dana_b"]


async def test_who_adopts_over_a_version_they_did_not_see_is_stopped(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    first, second = form | {"member_discount": "5"}, form | {"member_discount": "6"}
    assert (await officer_client.post(f"{HOME}/penetapan", first)).status_code == 303
    answer = await officer_client.post(f"{HOME}/penetapan", second)
    assert answer.status_code == 422
    assert "sudah menetapkan versi 2" in read_page_text(answer)
    assert (await latest_version(database, melati)).version == 2


async def test_a_coming_version_is_told_and_the_old_one_applies_till_then(officer_client: Any) -> None:
    form = read_form_fields(await officer_client.get(f"{HOME}/ubah"))
    later = date.isoformat(clock.today() + timedelta(days=40))
    await officer_client.post(f"{HOME}/penetapan", form | {"member_discount": "7", "effective_on": later})
    page = read_page_text(await officer_client.get(HOME))
    assert "Versi 2 berlaku mulai" in page
    assert "Potongan untuk anggota 2 %" in page


async def test_a_version_that_is_not_there(officer_client: Any) -> None:
    for version in ("99", "0", "99999999999999999999"):
        assert (await officer_client.get(f"{HOME}/{version}")).status_code == 404


async def test_the_pages_speak_english(officer_client: Any) -> None:
    officer_client.client.cookies.set("bahasa", "en")
    page = read_page_text(await officer_client.get(HOME))
    assert "Bylaws" in page
    assert "Return on purchases" in page
    assert "Anggaran dasar" not in page.replace("anggaran-dasar", "")


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Dana Sosial & Duka", "dana_sosial_duka"),
        ("Jasa Usaha (toko)", "jasa_usaha_toko"),
        ("2025", "bagian"),
        ("Café", "cafe"),
    ],
)
def test_a_code_is_made_of_the_letters_of_a_name(label: str, code: str) -> None:
    assert make_code(label) == code
