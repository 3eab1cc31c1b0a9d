"""Import a register of members: choose a file, see its good and bad lines, confirm."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post

from kernel import formats
from kernel.csv_files import CsvFile
from kernel.database import reader_of
from kernel.errors import Words
from members.importing import MemberPlan, import_members, plan_members
from ui import AnyRequest, Db, Ro, TheViewer, officer, see_other, visit_of
from ui.imports import (
    Kindred,
    SentBack,
    csv_response,
    done_sentence,
    preview_page,
    read_upload,
    rejected_file,
    sent_back,
    text_of,
    upload_context,
    upload_page,
)

PATH: Final = "/pengurus/anggota/impor"
MEMBERS: Final = Kindred(
    place="anggota",
    path=PATH,
    title=Words("Impor anggota", "Import members"),
    lead=Words(
        "Masukkan seluruh buku daftar anggota beserta simpanannya dari satu berkas.",
        "Bring in the whole register of members with their savings from one file.",
    ),
    back=(Words("Anggota", "Members"), "/pengurus/anggota"),
    balances=Words(
        "Simpanan dalam berkas dicatat sebagai saldo awal pada tanggal ini: kas bertambah, simpanan anggota bertambah.",
        "The deposits in the file are recorded as opening balances on this date: cash grows, members' savings grow.",
    ),
    columns=(
        ("member_number", Words("Nomor anggota", "Member number")),
        ("name", Words("Nama lengkap", "Full name")),
        ("sex", Words("L atau P, boleh kosong", "L or P (M or F), may be empty")),
        ("phone", Words("Nomor HP, boleh kosong", "Mobile number, may be empty")),
        ("joined_on", Words("Tanggal bergabung, misalnya 2024-05-31", "Joining date, for example 2024-05-31")),
        ("principal_deposit", Words("Simpanan pokok, dalam rupiah", "Principal deposit in rupiah")),
        ("mandatory_deposit", Words("Simpanan wajib seluruhnya", "All mandatory deposits")),
        ("voluntary_deposit", Words("Simpanan sukarela", "Voluntary deposit")),
    ),
    example=(
        "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\r\n"
        "0101,Wayan Suryani,P,0812-0000-1111,2024-05-31,100000,480000,0\r\n"
        "0102,Tono Saputra,L,,2025-02-01,100000,220000,150000\r\n"
    ),
)


@get(PATH, guards=[officer])
async def choose_file(request: AnyRequest) -> Response[bytes]:
    """Ask for the file."""
    return upload_page(request, MEMBERS)


@get(f"{PATH}/contoh.csv", guards=[officer])
async def example() -> Response[bytes]:
    """Give an example to fill in; the people in it are invented."""
    return csv_response("\ufeff" + MEMBERS.example, "anggota.csv")


@post(PATH, guards=[officer], status_code=200)
async def preview(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show what the file would do; nothing is written."""
    form = await read_upload(request)
    async with form.or_again("imports/upload.html", field="file", place="anggota", **upload_context(request, MEMBERS)):
        content = await text_of(form.data.file)
        file, plan = await plan_members(ro, content, as_of=form.data.as_of)
    return _preview(request, file, plan, SentBack(content, form.data.as_of, skip_bad=False))


@post(f"{PATH}/pencatatan", guards=[officer])
async def record(request: AnyRequest, db: Db, viewer: TheViewer) -> Response[Any]:
    """Write the good lines; when bad ones appeared meanwhile, show them instead."""
    sent = await sent_back(request)
    file, report = await import_members(db, viewer.as_officer(), sent.content, as_of=sent.as_of, skip_bad=sent.skip_bad)
    if report.rejected and not sent.skip_bad:
        file, plan = await plan_members(await reader_of(db), sent.content, as_of=sent.as_of)
        return _preview(request, file, plan, sent, status=409)
    told = done_sentence(request, report.imported, report.unchanged, len(report.rejected))
    return see_other("/pengurus/anggota", flash=told)


@post(f"{PATH}/ditolak", guards=[officer], status_code=200)
async def give_rejected(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Give the bad lines to mend."""
    sent = await sent_back(request)
    file, plan = await plan_members(ro, sent.content, as_of=sent.as_of)
    return rejected_file(request, file, plan.rejected, "anggota")


def _preview(
    request: AnyRequest, file: CsvFile, plan: MemberPlan, sent: SentBack, *, status: int = 200
) -> Response[bytes]:
    lang = visit_of(request).lang
    lines = [*plan.new, *(line for _, line in plan.changed)]
    heads = [
        Words("Nomor", "Number"),
        Words("Nama", "Name"),
        Words("Nomor HP", "Phone"),
        Words("Bergabung", "Joined"),
        Words("Simpanan", "Savings"),
    ]
    return preview_page(
        request,
        MEMBERS,
        file,
        sent,
        counts={"new": len(plan.new), "changed": len(plan.changed), "unchanged": plan.unchanged},
        rejected=plan.rejected,
        heads=[head.worded(lang) for head in heads[:-1]] + [(heads[-1].worded(lang), "num")],
        rows=[
            (
                line.number,
                line.name,
                line.phone or "–",
                formats.date_long(line.joined_on, lang),
                formats.rupiah(line.total, lang),
            )
            for line in lines[:10]
        ],
        status=status,
    )


routes: Final[list[Any]] = [choose_file, example, preview, record, give_rejected]
