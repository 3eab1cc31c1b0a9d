"""What the shop declines."""

from kernel.errors import ErrorType

STOCK_TOO_LOW = ErrorType(
    "shop.stock_too_low",
    409,
    id="Stok {product} tinggal {left}. Kurangi jumlahnya.",
    en="Only {left} of {product} left. Lower the quantity.",
)
STOCK_ALREADY_ORDERED = ErrorType(
    "shop.stock_already_ordered",
    409,
    id="{reserved} {product} sudah dipesan orang. Batalkan dulu pesanannya, baru stok bisa ditulis "
    "{counted}.",
    en="{reserved} of {product} are promised to buyers. Cancel their orders before writing the stock as "
    "{counted}.",
)
STOCK_MOVED = ErrorType(
    "shop.stock_moved",
    409,
    id="Stok {product} berubah menjadi {stock} sejak halaman ini dibuka. Hitung lagi, lalu kirim.",
    en="The stock of {product} changed to {stock} since this page was opened. Count again, then send.",
)
NO_SUCH_PRODUCT = ErrorType(
    "shop.no_such_product",
    404,
    id="Barang ini tidak ada, atau sudah tidak dijual.",
    en="There is no such product, or it is no longer sold.",
)
NO_SUCH_CATEGORY = ErrorType(
    "shop.no_such_category", 422, id="Golongan ini tidak ada.", en="There is no such category."
)
NO_SUCH_SHELF = ErrorType(
    "shop.no_such_shelf",
    404,
    id="Golongan atau halaman ini tidak ada.",
    en="There is no such category or page.",
)
NO_SUCH_PICTURE = ErrorType(
    "shop.no_such_picture", 404, id="Gambar ini tidak ada.", en="There is no such picture."
)
NO_SUCH_ORDER = ErrorType(
    "shop.no_such_order", 404, id="Pesanan ini tidak ada.", en="There is no such order."
)
SKU_TAKEN = ErrorType(
    "shop.sku_taken",
    409,
    id="Kode {sku} sudah dipakai barang lain. Pilih kode yang lain.",
    en="The code {sku} belongs to another product. Choose another one.",
)
SKU_MALFORMED = ErrorType(
    "shop.sku_malformed",
    422,
    id="Kode barang memakai huruf, angka, titik, garis; paling banyak 40. Contoh: B0012.",
    en="A product code is made of letters, digits, dots and dashes; at most 40. Example: B0012.",
)
CATEGORY_TAKEN = ErrorType(
    "shop.category_taken", 409, id="Golongan “{name}” sudah ada.", en="There is a category “{name}” already."
)
QUANTITY_OUT_OF_RANGE = ErrorType(
    "shop.quantity_out_of_range",
    422,
    id="Jumlah harus dari 1 sampai {most}.",
    en="The quantity must be from 1 to {most}.",
)
CART_FULL = ErrorType(
    "shop.cart_full",
    409,
    id="Keranjang sudah berisi {most} macam barang. Pesan dulu yang ini.",
    en="The cart holds {most} different goods already. Order these first.",
)
CART_EMPTY = ErrorType(
    "shop.cart_empty",
    409,
    id="Keranjang masih kosong. Pilih barang dulu.",
    en="The cart is empty. Choose goods first.",
)
SHOP_CLOSED = ErrorType(
    "shop.closed",
    409,
    id="Toko sedang tutup, jadi belum bisa menerima pesanan. Keranjang Anda tetap tersimpan.",
    en="The shop is closed and takes no orders just now. Your cart is kept.",
)
CHANGED_SINCE_SHOWN = ErrorType(
    "shop.changed_since_shown",
    409,
    id="Harga atau isi pesanan berubah sejak halaman ini dibuka. Periksa lagi jumlahnya di bawah, lalu "
    "pesan.",
    en="Prices or goods changed since this page was opened. Check the sums below, then order.",
)
CHECKOUT_EXPIRED = ErrorType(
    "shop.checkout_expired",
    409,
    id="Halaman pesanan ini sudah kedaluwarsa. Periksa lagi, lalu kirim.",
    en="This order page has expired. Check it again, then send.",
)
ADDRESS_NEEDED = ErrorType(
    "shop.address_needed",
    422,
    id="Tulis alamat tujuan barang diantar.",
    en="Write the address to deliver to.",
)
BUYER_NEEDED = ErrorType(
    "shop.buyer_needed", 422, id="Tulis nama pemesan.", en="Write the name of the buyer."
)
PHONE_NEEDED = ErrorType(
    "shop.phone_needed",
    422,
    id="Tulis nomor telepon, supaya kami bisa mengabari Anda.",
    en="Write a phone number, so that we can reach you.",
)
NOT_AWAITING_PAYMENT = ErrorType(
    "shop.not_awaiting_payment",
    409,
    id="Pesanan {number} tidak sedang menunggu kepastian pengurus. Keadaannya sekarang: {state}.",
    en="Order {number} is not waiting for an officer to confirm its payment. Its state now: {state}.",
)
ALREADY_SETTLED = ErrorType(
    "shop.already_settled",
    409,
    id="Pesanan {number} tidak perlu dibayar lagi.",
    en="Order {number} needs no payment any more.",
)
NOT_READY = ErrorType(
    "shop.not_ready",
    409,
    id="Pesanan {number} belum bisa diserahkan. Keadaannya sekarang: {state}.",
    en="Order {number} cannot be handed over. Its state now: {state}.",
)
NOT_CANCELLABLE = ErrorType(
    "shop.not_cancellable",
    409,
    id="Pesanan {number} tidak bisa dibatalkan. Keadaannya sekarang: {state}.",
    en="Order {number} cannot be cancelled. Its state now: {state}.",
)
UNEXPECTED_FIELDS = ErrorType(
    "shop.unexpected_fields",
    422,
    id="Formulir ini memuat isian yang tidak dikenal. Muat ulang halamannya.",
    en="This form has unknown fields. Reload the page.",
)
REASON_NEEDED = ErrorType("shop.reason_needed", 422, id="Tulis alasannya.", en="Write the reason.")
NOT_A_PICTURE = ErrorType(
    "shop.not_a_picture",
    422,
    id="Berkas ini bukan gambar yang bisa dibaca. Pakai foto JPG, PNG atau WebP.",
    en="This file is not a picture that can be read. Use a JPG, PNG or WebP photograph.",
)
PICTURE_TOO_LARGE = ErrorType(
    "shop.picture_too_large",
    422,
    id="Gambar ini terlalu besar. Paling besar {megabytes} MB dan {megapixels} juta titik.",
    en="This picture is too large. At most {megabytes} MB and {megapixels} million pixels.",
)
