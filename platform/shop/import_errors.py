"""What the imports of goods and of past sales decline, line by line or whole."""

from kernel.errors import ErrorType

OPENING_STOCK_CHANGED = ErrorType(
    "shop.opening_stock_changed",
    409,
    id="Stok awal {sku} sudah dicatat {recorded}, di berkas {stock}. Stok yang sudah berjalan dibetulkan "
    "dengan hitung stok, bukan dengan impor.",
    en="The opening stock of {sku} is on record as {recorded}, the file says {stock}. Stock in use is "
    "corrected by a stock count, not by an import.",
)
STOCK_OUT_OF_RANGE = ErrorType(
    "shop.stock_out_of_range",
    422,
    id="Stok harus dari 0 sampai {most}, bukan {stock}.",
    en="The stock must be from 0 to {most}, not {stock}.",
)
UNKNOWN_MEMBER = ErrorType(
    "shop.import_unknown_member",
    422,
    id="Tidak ada anggota bernomor {number}.",
    en="There is no member with the number {number}.",
)
UNKNOWN_PRODUCT = ErrorType(
    "shop.import_unknown_product",
    422,
    id="Tidak ada barang dengan kode {sku}.",
    en="There is no product with the code {sku}.",
)
SALE_QUANTITY = ErrorType(
    "shop.import_sale_quantity",
    422,
    id="Jumlah barang harus dari 1 sampai {most}, bukan {quantity}.",
    en="The quantity must be from 1 to {most}, not {quantity}.",
)
DAY_AHEAD = ErrorType(
    "shop.import_day_ahead", 422, id="Tanggal {day} belum tiba.", en="{day} is still to come."
)
DAY_TOO_EARLY = ErrorType(
    "shop.import_day_too_early",
    422,
    id="Tahun {year} terlalu lampau. Periksa angka tahunnya.",
    en="The year {year} is too long ago. Check its figures.",
)
YEAR_IS_CLOSED = ErrorType(
    "shop.import_year_closed",
    409,
    id="Tahun buku {year} sudah ditutup dan tidak menerima catatan lagi.",
    en="The book year {year} is closed and takes no more entries.",
)
ANOTHER_QUANTITY = ErrorType(
    "shop.import_another_quantity",
    409,
    id="Penjualan {sku} kepada anggota {number} pada {day} sudah dicatat sebanyak {recorded}, di berkas "
    "{quantity}. Batalkan dulu penjualan lamanya, atau betulkan berkasnya.",
    en="The sale of {sku} to member {number} on {day} is on record with quantity {recorded}, the file "
    "says {quantity}. Return that sale in the shop, or mend the file.",
)
