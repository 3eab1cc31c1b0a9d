"""The import page for members: its texts, its columns, and the cells of its preview."""

from __future__ import annotations

from typing import Any, Final

from kernel import formats
from kernel.errors import LocalizedText
from kernel.formats import Lang
from members.import_members import MemberLine, import_members, plan_member_import
from ui.import_pages import ImportDefinition, build_import_routes

PATH: Final = "/pengurus/anggota/impor"


def _cells(line: MemberLine, lang: Lang) -> tuple[str, ...]:
    joined, savings = formats.date_long(line.joined_on, lang), formats.rupiah(line.total, lang)
    return line.number, line.name, line.phone or "–", joined, savings


MEMBERS: Final = ImportDefinition(
    active_menu="anggota",
    path=PATH,
    permission="members.import",
    title=LocalizedText("Impor anggota", context="members.import_pages"),
    lead=LocalizedText(
        "Masukkan seluruh buku daftar anggota beserta simpanannya dari satu berkas.",
    ),
    back=(LocalizedText("Anggota"), "/pengurus/anggota"),
    balances_hint=LocalizedText(
        "Simpanan dalam berkas dicatat sebagai saldo awal pada tanggal ini: kas bertambah, simpanan "
        "anggota bertambah.",
    ),
    columns=(
        ("member_number", LocalizedText("Nomor anggota")),
        ("name", LocalizedText("Nama lengkap")),
        ("sex", LocalizedText("L atau P, boleh kosong")),
        ("phone", LocalizedText("Nomor HP, boleh kosong")),
        (
            "joined_on",
            LocalizedText("Tanggal bergabung, misalnya 2024-05-31"),
        ),
        ("principal_deposit", LocalizedText("Simpanan pokok, dalam rupiah")),
        ("mandatory_deposit", LocalizedText("Simpanan wajib seluruhnya")),
        ("voluntary_deposit", LocalizedText("Simpanan sukarela")),
    ),
    file_name="anggota",
    example=(
        "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\r\n"
        "0101,Wayan Suryani,P,0812-0000-1111,2024-05-31,100000,480000,0\r\n"
        "0102,Tono Saputra,L,,2025-02-01,100000,220000,150000\r\n"
    ),
    plan_import=plan_member_import,
    run_import=import_members,
    column_headings=(
        LocalizedText("Nomor"),
        LocalizedText("Nama"),
        LocalizedText("Nomor HP", context="members.import_pages"),
        LocalizedText("Bergabung"),
        (LocalizedText("Simpanan", context="members.import_pages"), "num"),
    ),
    format_row=_cells,
)

routes: Final[list[Any]] = build_import_routes(MEMBERS)
