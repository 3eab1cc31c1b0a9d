"""Import a list of goods: choose a file, see its good and bad lines, confirm."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post

from kernel import formats
from kernel.csv_files import CsvFile
from kernel.database import reader_of
from kernel.errors import Words
from shop.importing import ProductPlan, import_products, plan_products
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

PATH: Final = "/pengurus/barang/impor"
PRODUCTS: Final = Kindred(
    place="barang",
    path=PATH,
    title=Words("Impor barang", "Import goods"),
    lead=Words(
        "Masukkan seluruh daftar barang beserta stoknya dari satu berkas.",
        "Bring in the whole list of goods with their stock from one file.",
    ),
    back=(Words("Barang", "Goods"), "/pengurus/barang"),
    balances=Words(
        "Stok dalam berkas dicatat sebagai persediaan awal pada tanggal ini, senilai harga belinya.",
        "The stock in the file is recorded as opening stock on this date, at its cost.",
    ),
    columns=(
        ("sku", Words("Kode barang, misalnya BRS5", "Product code, for example BRS5")),
        ("barcode", Words("Kode batang, boleh kosong", "Bar code, may be empty")),
        ("name", Words("Nama barang", "Name of the product")),
        (
            "category",
            Words("Golongan, boleh kosong; yang belum ada dibuatkan", "Category, may be empty; a new one is made"),
        ),
        ("unit", Words("Satuan, boleh kosong (Pcs)", "Unit, may be empty (Pcs)")),
        ("cost", Words("Harga beli satu satuan", "Cost of one unit")),
        ("price", Words("Harga jual satu satuan", "Price of one unit")),
        ("stock", Words("Jumlah yang ada di rak, boleh kosong (0)", "How many are on the shelf, may be empty (0)")),
    ),
    example=(
        "sku,barcode,name,category,unit,cost,price,stock\r\n"
        "CONTOH-1,,Beras Pandan Wangi 5 kg,Beras,Karung,68000,74000,25\r\n"
        "CONTOH-2,,Sabun mandi sereh,Sabun Mandi,Pcs,3500,4500,60\r\n"
    ),
)


@get(PATH, guards=[officer])
async def choose_file(request: AnyRequest) -> Response[bytes]:
    """Ask for the file."""
    return upload_page(request, PRODUCTS)


@get(f"{PATH}/contoh.csv", guards=[officer])
async def example() -> Response[bytes]:
    """Give an example to fill in."""
    return csv_response("\ufeff" + PRODUCTS.example, "barang.csv")


@post(PATH, guards=[officer], status_code=200)
async def preview(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show what the file would do; nothing is written."""
    form = await read_upload(request)
    async with form.or_again("imports/upload.html", field="file", place="barang", **upload_context(request, PRODUCTS)):
        content = await text_of(form.data.file)
        file, plan = await plan_products(ro, content, as_of=form.data.as_of)
    return _preview(request, file, plan, SentBack(content, form.data.as_of, skip_bad=False))


@post(f"{PATH}/pencatatan", guards=[officer])
async def record(request: AnyRequest, db: Db, viewer: TheViewer) -> Response[Any]:
    """Write the good lines; when bad ones appeared meanwhile, show them instead."""
    sent = await sent_back(request)
    file, report = await import_products(
        db, viewer.as_officer(), sent.content, as_of=sent.as_of, skip_bad=sent.skip_bad
    )
    if report.rejected and not sent.skip_bad:
        file, plan = await plan_products(await reader_of(db), sent.content, as_of=sent.as_of)
        return _preview(request, file, plan, sent, status=409)
    told = done_sentence(request, report.imported, report.unchanged, len(report.rejected))
    return see_other("/pengurus/barang", flash=told)


@post(f"{PATH}/ditolak", guards=[officer], status_code=200)
async def give_rejected(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Give the bad lines to mend."""
    sent = await sent_back(request)
    file, plan = await plan_products(ro, sent.content, as_of=sent.as_of)
    return rejected_file(request, file, plan.rejected, "barang")


def _preview(
    request: AnyRequest, file: CsvFile, plan: ProductPlan, sent: SentBack, *, status: int = 200
) -> Response[bytes]:
    lang = visit_of(request).lang
    lines = [*plan.new, *(line for _, line in plan.changed)]
    heads = [Words("Kode", "Code"), Words("Nama", "Name"), Words("Golongan", "Category")]
    figures = [Words("Harga beli", "Cost"), Words("Harga jual", "Price"), Words("Stok", "Stock")]
    return preview_page(
        request,
        PRODUCTS,
        file,
        sent,
        counts={"new": len(plan.new), "changed": len(plan.changed), "unchanged": plan.unchanged},
        rejected=plan.rejected,
        heads=[head.worded(lang) for head in heads] + [(head.worded(lang), "num") for head in figures],
        rows=[
            (
                line.sku,
                line.name,
                line.category or "–",
                formats.rupiah(line.cost, lang),
                formats.rupiah(line.price, lang),
                formats.number(line.stock, lang),
            )
            for line in lines[:10]
        ],
        status=status,
    )


routes: Final[list[Any]] = [choose_file, example, preview, record, give_rejected]
