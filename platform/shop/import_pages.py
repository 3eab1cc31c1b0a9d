"""The import page for a product list: its texts, its columns, and the cells of its preview."""

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
    permission="goods.import",
    title=LocalizedText("Impor barang", context="shop.import_pages"),
    lead=LocalizedText(
        "Masukkan seluruh daftar barang beserta stoknya dari satu berkas.",
    ),
    back=(LocalizedText("Barang"), "/pengurus/barang"),
    balances_hint=LocalizedText(
        "Stok dalam berkas dicatat sebagai persediaan awal pada tanggal ini, senilai harga belinya.",
    ),
    columns=(
        ("sku", LocalizedText("Kode barang, misalnya BRS5")),
        ("barcode", LocalizedText("Kode batang, boleh kosong")),
        ("name", LocalizedText("Nama barang")),
        (
            "category",
            LocalizedText(
                "Golongan, boleh kosong; yang belum ada dibuatkan",
            ),
        ),
        ("unit", LocalizedText("Satuan, boleh kosong (Pcs)")),
        ("cost", LocalizedText("Harga beli satu satuan")),
        ("price", LocalizedText("Harga jual satu satuan")),
        (
            "stock",
            LocalizedText("Jumlah yang ada di rak, boleh kosong (0)"),
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
        LocalizedText("Kode"),
        LocalizedText("Nama"),
        LocalizedText("Golongan"),
        (LocalizedText("Harga beli"), "num"),
        (LocalizedText("Harga jual", context="shop.import_pages"), "num"),
        (LocalizedText("Stok"), "num"),
    ),
    format_row=_cells,
)

routes: Final[list[Any]] = build_import_routes(PRODUCTS)
