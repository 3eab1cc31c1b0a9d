"""What is declined of QRIS payloads, of amounts put into them, and of photographed stickers."""

from kernel.errors import ErrorType

QRIS_EMPTY = ErrorType(
    "payments.qris_empty",
    422,
    id="Teks QRIS masih kosong. Tempel teks yang diawali 000201, atau kirim foto stikernya.",
    en="The QRIS text is empty. Paste the text that begins with 000201, or send a photo of the sticker.",
)
QRIS_NOT_EMV = ErrorType(
    "payments.qris_not_emv",
    422,
    id="Ini bukan teks QRIS: QRIS diawali 000201. Salin seluruh teksnya dari aplikasi penyedia QRIS Anda.",
    en="This is no QRIS text: a QRIS begins with 000201. Copy the whole text from your QRIS provider's app.",
)
QRIS_TOO_LONG = ErrorType(
    "payments.qris_too_long",
    422,
    id="Teks QRIS terlalu panjang: {length} karakter, paling banyak {max_amount}.",
    en="The QRIS text is too long: {length} characters, at most {max_amount}.",
)
QRIS_TRUNCATED = ErrorType(
    "payments.qris_cut_off",
    422,
    id="Teks QRIS tidak lengkap: di ujungnya tidak ada kode pemeriksa (6304…). Salin seluruh teksnya.",
    en="The QRIS text is not complete: its end has no check code (6304…). Copy the whole text.",
)
QRIS_CRC_MISMATCH = ErrorType(
    "payments.qris_crc_mismatch",
    422,
    id="Kode pemeriksa QRIS tidak cocok: ada yang berubah atau salah salin. Salin ulang teksnya, atau "
    "foto lagi stikernya.",
    en="The check code of the QRIS does not match: something was changed or copied wrong. Copy it again, "
    "or take another photo of the sticker.",
)
QRIS_NOT_READABLE = ErrorType(
    "payments.qris_not_readable",
    422,
    id="Susunan QRIS tidak terbaca, mulai karakter ke-{position}. Minta teks yang benar dari penyedia "
    "QRIS Anda.",
    en="The structure of the QRIS cannot be read from character {position} on. Ask your QRIS provider for "
    "the right text.",
)
QRIS_DUPLICATE_TAG = ErrorType(
    "payments.qris_part_twice",
    422,
    id="Bagian {tag} dari QRIS tertulis lebih dari sekali. Minta teks yang benar dari penyedia QRIS Anda.",
    en="Part {tag} of the QRIS is written more than once. Ask your QRIS provider for the right text.",
)
QRIS_INVALID_FIELD = ErrorType(
    "payments.qris_part_wrong",
    422,
    id="Bagian {tag} dari QRIS ({name}) tidak ada atau tidak sesuai aturan. Minta teks yang benar dari "
    "penyedia QRIS Anda.",
    en="Part {tag} of the QRIS ({name}) is missing or not as the rules say. Ask your QRIS provider for "
    "the right text.",
)
QRIS_NOT_RUPIAH = ErrorType(
    "payments.qris_not_rupiah",
    422,
    id="Kode pembayaran ini tidak dalam rupiah. Pakai QRIS dari penyedia di Indonesia.",
    en="This payment code is not in rupiah. Use a QRIS of a provider in Indonesia.",
)
QRIS_NOT_INDONESIAN = ErrorType(
    "payments.qris_not_indonesian",
    422,
    id="Kode pembayaran ini bukan dari Indonesia. Pakai QRIS dari penyedia di Indonesia.",
    en="This payment code is not from Indonesia. Use a QRIS of a provider in Indonesia.",
)
QRIS_NO_NMID = ErrorType(
    "payments.qris_no_nmid",
    422,
    id="QRIS ini tidak memuat NMID (nomor pedagang nasional, diawali ID). Minta QRIS yang lengkap dari "
    "penyedia Anda.",
    en="This QRIS has no NMID (the national merchant number, beginning with ID). Ask your provider for a "
    "complete QRIS.",
)
QRIS_NOT_STATIC = ErrorType(
    "payments.qris_not_static",
    422,
    id="QRIS ini sekali pakai: sudah dibuat untuk satu pembayaran. Pakai QRIS dari stiker koperasi, yang "
    "belum ada jumlahnya.",
    en="This QRIS is for one use: it was made for a single payment. Use the one on the cooperative's "
    "sticker, which has no amount yet.",
)
QRIS_AMOUNT_OUT_OF_RANGE = ErrorType(
    "payments.qris_amount_out_of_range",
    422,
    id="Pembayaran QRIS harus dari {min_amount} sampai {max_amount}, bukan {amount}.",
    en="A QRIS payment must be from {min_amount} to {max_amount}, not {amount}.",
)
QRIS_REFERENCE_MALFORMED = ErrorType(
    "payments.qris_reference_malformed",
    422,
    id="Nomor rujukan QRIS harus 1 sampai {max_amount} huruf, angka, atau tanda baca biasa.",
    en="A QRIS reference must be 1 to {max_amount} plain letters, digits or signs.",
)
QRIS_PAYLOAD_FULL = ErrorType(
    "payments.qris_no_room",
    422,
    id="QRIS ini sudah penuh, jadi nomor rujukan tidak muat lagi. Buat tanpa nomor rujukan.",
    en="This QRIS is full, so that no reference fits in any more. Make it without one.",
)
PHOTO_NOT_AN_IMAGE = ErrorType(
    "payments.photo_not_a_picture",
    422,
    id="Berkas ini bukan gambar yang bisa dibaca. Kirim foto JPG, PNG, atau WebP.",
    en="This file is no picture that can be read. Send a JPG, PNG or WebP photo.",
)
PHOTO_TOO_LARGE = ErrorType(
    "payments.photo_too_large",
    422,
    id="Foto ini terlalu besar. Paling banyak {megabytes} MB dan {megapixels} juta titik; potong di "
    "sekitar kode QR-nya.",
    en="This photo is too large. At most {megabytes} MB and {megapixels} million pixels; crop it around "
    "the QR code.",
)
PHOTO_WITHOUT_QR = ErrorType(
    "payments.photo_without_qr",
    422,
    id="Tidak ada kode QR yang terbaca di foto ini. Foto lagi dari dekat, lurus, dan terang.",
    en="No QR code can be read on this photo. Take it again from near, straight and in good light.",
)
PHOTO_WITHOUT_QRIS = ErrorType(
    "payments.photo_without_qris",
    422,
    id="Kode QR di foto ini bukan QRIS. Foto stiker QRIS koperasi Anda.",
    en="The QR code on this photo is no QRIS. Take a photo of your cooperative's QRIS sticker.",
)
PHOTO_WITH_SEVERAL_QRIS = ErrorType(
    "payments.photo_with_several",
    422,
    id="Di foto ini ada lebih dari satu QRIS. Foto satu stiker saja.",
    en="There is more than one QRIS on this photo. Take a photo of one sticker alone.",
)
