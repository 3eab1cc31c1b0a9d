"""Domain errors of the shop."""

from kernel.errors import ErrorType

STOCK_TOO_LOW = ErrorType(
    "shop.stock_too_low",
    409,
    "Stok {product} tinggal {left}. Kurangi jumlahnya.",
)
STOCK_ALREADY_ORDERED = ErrorType(
    "shop.stock_already_ordered",
    409,
    "{reserved} {product} sudah dipesan orang. Batalkan dulu pesanannya, baru stok bisa ditulis {counted}.",
)
STOCK_MOVED = ErrorType(
    "shop.stock_moved",
    409,
    "Stok {product} berubah menjadi {stock} sejak halaman ini dibuka. Hitung lagi, lalu kirim.",
)
NO_SUCH_PRODUCT = ErrorType(
    "shop.no_such_product",
    404,
    "Barang ini tidak ada, atau sudah tidak dijual.",
)
NO_SUCH_CATEGORY = ErrorType("shop.no_such_category", 422, "Golongan ini tidak ada.")
NO_SUCH_SHELF = ErrorType(
    "shop.no_such_shelf",
    404,
    "Golongan atau halaman ini tidak ada.",
)
NO_SUCH_PICTURE = ErrorType("shop.no_such_picture", 404, "Gambar ini tidak ada.")
NO_SUCH_ORDER = ErrorType("shop.no_such_order", 404, "Pesanan ini tidak ada.")
SKU_TAKEN = ErrorType(
    "shop.sku_taken",
    409,
    "Kode {sku} sudah dipakai barang lain. Pilih kode yang lain.",
)
SKU_MALFORMED = ErrorType(
    "shop.sku_malformed",
    422,
    "Kode barang memakai huruf, angka, titik, garis; paling banyak 40. Contoh: B0012.",
)
CATEGORY_TAKEN = ErrorType("shop.category_taken", 409, "Golongan “{name}” sudah ada.")
QUANTITY_OUT_OF_RANGE = ErrorType(
    "shop.quantity_out_of_range",
    422,
    "Jumlah harus dari 1 sampai {most}.",
)
CART_FULL = ErrorType(
    "shop.cart_full",
    409,
    "Keranjang sudah berisi {most} macam barang. Pesan dulu yang ini.",
)
CART_EMPTY = ErrorType(
    "shop.cart_empty",
    409,
    "Keranjang masih kosong. Pilih barang dulu.",
)
SHOP_CLOSED = ErrorType(
    "shop.closed",
    409,
    "Toko sedang tutup, jadi belum bisa menerima pesanan. Keranjang Anda tetap tersimpan.",
)
CHANGED_SINCE_SHOWN = ErrorType(
    "shop.changed_since_shown",
    409,
    "Harga atau isi pesanan berubah sejak halaman ini dibuka. Periksa lagi jumlahnya di bawah, lalu pesan.",
)
CHECKOUT_EXPIRED = ErrorType(
    "shop.checkout_expired",
    409,
    "Halaman pesanan ini sudah kedaluwarsa. Periksa lagi, lalu kirim.",
)
ADDRESS_NEEDED = ErrorType(
    "shop.address_needed",
    422,
    "Tulis alamat tujuan barang diantar.",
)
BUYER_NEEDED = ErrorType("shop.buyer_needed", 422, "Tulis nama pemesan.")
PHONE_NEEDED = ErrorType(
    "shop.phone_needed",
    422,
    "Tulis nomor telepon, supaya kami bisa mengabari Anda.",
)
NOT_AWAITING_PAYMENT = ErrorType(
    "shop.not_awaiting_payment",
    409,
    "Pesanan {number} tidak sedang menunggu kepastian pengurus. Keadaannya sekarang: {state}.",
)
ALREADY_SETTLED = ErrorType(
    "shop.already_settled",
    409,
    "Pesanan {number} tidak perlu dibayar lagi.",
)
NOT_READY = ErrorType(
    "shop.not_ready",
    409,
    "Pesanan {number} belum bisa diserahkan. Keadaannya sekarang: {state}.",
)
NOT_CANCELLABLE = ErrorType(
    "shop.not_cancellable",
    409,
    "Pesanan {number} tidak bisa dibatalkan. Keadaannya sekarang: {state}.",
)
UNEXPECTED_FIELDS = ErrorType(
    "shop.unexpected_fields",
    422,
    "Formulir ini memuat isian yang tidak dikenal. Muat ulang halamannya.",
)
REASON_NEEDED = ErrorType("shop.reason_needed", 422, "Tulis alasannya.")
NOT_A_PICTURE = ErrorType(
    "shop.not_a_picture",
    422,
    "Berkas ini bukan gambar yang bisa dibaca. Pakai foto JPG, PNG atau WebP.",
)
PICTURE_TOO_LARGE = ErrorType(
    "shop.picture_too_large",
    422,
    "Gambar ini terlalu besar. Paling besar {megabytes} MB dan {megapixels} juta titik.",
)


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
