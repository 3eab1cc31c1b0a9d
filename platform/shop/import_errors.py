"""Domain errors of the imports of products and of past sales."""

from kernel.errors import ErrorType

OPENING_STOCK_CHANGED = ErrorType(
    "shop.opening_stock_changed",
    409,
    "Stok awal {sku} sudah dicatat {recorded}, di berkas {stock}. Stok yang sudah berjalan dibetulkan "
    "dengan hitung stok, bukan dengan impor.",
)
STOCK_OUT_OF_RANGE = ErrorType(
    "shop.stock_out_of_range",
    422,
    "Stok harus dari 0 sampai {most}, bukan {stock}.",
)
UNKNOWN_MEMBER = ErrorType(
    "shop.import_unknown_member",
    422,
    "Tidak ada anggota bernomor {number}.",
)
UNKNOWN_PRODUCT = ErrorType(
    "shop.import_unknown_product",
    422,
    "Tidak ada barang dengan kode {sku}.",
)
SALE_QUANTITY = ErrorType(
    "shop.import_sale_quantity",
    422,
    "Jumlah barang harus dari 1 sampai {most}, bukan {quantity}.",
)
DAY_AHEAD = ErrorType("shop.import_day_ahead", 422, "Tanggal {day} belum tiba.")
DAY_TOO_EARLY = ErrorType(
    "shop.import_day_too_early",
    422,
    "Tahun {year} terlalu lampau. Periksa angka tahunnya.",
)
YEAR_IS_CLOSED = ErrorType(
    "shop.import_year_closed",
    409,
    "Tahun buku {year} sudah ditutup dan tidak menerima catatan lagi.",
)
ANOTHER_QUANTITY = ErrorType(
    "shop.import_another_quantity",
    409,
    "Penjualan {sku} kepada anggota {number} pada {day} sudah dicatat sebanyak {recorded}, di berkas "
    "{quantity}. Batalkan dulu penjualan lamanya, atau betulkan berkasnya.",
)
