"""Import a list of goods: its words, its columns, and how its lines are shown."""

from __future__ import annotations

from typing import Any, Final

from kernel import formats
from kernel.errors import LocalizedText
from kernel.formats import Lang
from shop.import_products import ProductImportLine, import_products, plan_products
from ui.import_pages import ImportDefinition, build_import_routes

PATH: Final = "/pengurus/barang/impor"


def _cells(line: ProductImportLine, lang: Lang) -> tuple[str, ...]:
    prices = (formats.rupiah(line.cost, lang), formats.rupiah(line.price, lang))
    return line.sku, line.name, line.category or "–", *prices, formats.number(line.stock, lang)


PRODUCTS: Final = ImportDefinition(
    active_menu="barang",
    path=PATH,
    title=LocalizedText("Impor barang", "Import goods"),
    lead=LocalizedText(
        "Masukkan seluruh daftar barang beserta stoknya dari satu berkas.",
        "Bring in the whole list of goods with their stock from one file.",
    ),
    back=(LocalizedText("Barang", "Goods"), "/pengurus/barang"),
    balances_hint=LocalizedText(
        "Stok dalam berkas dicatat sebagai persediaan awal pada tanggal ini, senilai harga belinya.",
        "The stock in the file is recorded as opening stock on this date, at its cost.",
    ),
    columns=(
        ("sku", LocalizedText("Kode barang, misalnya BRS5", "Product code, for example BRS5")),
        ("barcode", LocalizedText("Kode batang, boleh kosong", "Bar code, may be empty")),
        ("name", LocalizedText("Nama barang", "Name of the product")),
        (
            "category",
            LocalizedText(
                "Golongan, boleh kosong; yang belum ada dibuatkan",
                "Category, may be empty; a new one is made",
            ),
        ),
        ("unit", LocalizedText("Satuan, boleh kosong (Pcs)", "Unit, may be empty (Pcs)")),
        ("cost", LocalizedText("Harga beli satu satuan", "Cost of one unit")),
        ("price", LocalizedText("Harga jual satu satuan", "Price of one unit")),
        (
            "stock",
            LocalizedText(
                "Jumlah yang ada di rak, boleh kosong (0)", "How many are on the shelf, may be empty (0)"
            ),
        ),
    ),
    file_name="barang",
    example=(
        "sku,barcode,name,category,unit,cost,price,stock\r\n"
        "CONTOH-1,,Beras Pandan Wangi 5 kg,Beras,Karung,68000,74000,25\r\n"
        "CONTOH-2,,Sabun mandi sereh,Sabun Mandi,Pcs,3500,4500,60\r\n"
    ),
    plan_import=plan_products,
    run_import=import_products,
    column_headings=(
        LocalizedText("Kode", "Code"),
        LocalizedText("Nama", "Name"),
        LocalizedText("Golongan", "Category"),
        (LocalizedText("Harga beli", "Cost"), "num"),
        (LocalizedText("Harga jual", "Price"), "num"),
        (LocalizedText("Stok", "Stock"), "num"),
    ),
    format_row=_cells,
)

routes: Final[list[Any]] = build_import_routes(PRODUCTS)
