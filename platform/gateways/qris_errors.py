"""Errors of QRIS payloads, their amounts, and photographed stickers."""

from kernel.errors import ErrorType

QRIS_EMPTY = ErrorType(
    "payments.qris_empty",
    422,
    "Teks QRIS masih kosong. Tempel teks yang diawali 000201, atau kirim foto stikernya.",
)
QRIS_NOT_EMV = ErrorType(
    "payments.qris_not_emv",
    422,
    "Ini bukan teks QRIS: QRIS diawali 000201. Salin seluruh teksnya dari aplikasi penyedia QRIS Anda.",
)
QRIS_TOO_LONG = ErrorType(
    "payments.qris_too_long",
    422,
    "Teks QRIS terlalu panjang: {length} karakter, paling banyak {max_amount}.",
)
QRIS_TRUNCATED = ErrorType(
    "payments.qris_cut_off",
    422,
    "Teks QRIS tidak lengkap: di ujungnya tidak ada kode pemeriksa (6304…). Salin seluruh teksnya.",
)
QRIS_CRC_MISMATCH = ErrorType(
    "payments.qris_crc_mismatch",
    422,
    "Kode pemeriksa QRIS tidak cocok: ada yang berubah atau salah salin. Salin ulang teksnya, atau "
    "foto lagi stikernya.",
)
QRIS_NOT_READABLE = ErrorType(
    "payments.qris_not_readable",
    422,
    "Susunan QRIS tidak terbaca, mulai karakter ke-{position}. Minta teks yang benar dari penyedia "
    "QRIS Anda.",
)
QRIS_DUPLICATE_TAG = ErrorType(
    "payments.qris_part_twice",
    422,
    "Bagian {tag} dari QRIS tertulis lebih dari sekali. Minta teks yang benar dari penyedia QRIS Anda.",
)
QRIS_INVALID_FIELD = ErrorType(
    "payments.qris_part_wrong",
    422,
    "Bagian {tag} dari QRIS ({name}) tidak ada atau tidak sesuai aturan. Minta teks yang benar dari "
    "penyedia QRIS Anda.",
)
QRIS_NOT_RUPIAH = ErrorType(
    "payments.qris_not_rupiah",
    422,
    "Kode pembayaran ini tidak dalam rupiah. Pakai QRIS dari penyedia di Indonesia.",
)
QRIS_NOT_INDONESIAN = ErrorType(
    "payments.qris_not_indonesian",
    422,
    "Kode pembayaran ini bukan dari Indonesia. Pakai QRIS dari penyedia di Indonesia.",
)
QRIS_NO_NMID = ErrorType(
    "payments.qris_no_nmid",
    422,
    "QRIS ini tidak memuat NMID (nomor pedagang nasional, diawali ID). Minta QRIS yang lengkap dari "
    "penyedia Anda.",
)
QRIS_NOT_STATIC = ErrorType(
    "payments.qris_not_static",
    422,
    "QRIS ini sekali pakai: sudah dibuat untuk satu pembayaran. Pakai QRIS dari stiker koperasi, yang "
    "belum ada jumlahnya.",
)
QRIS_AMOUNT_OUT_OF_RANGE = ErrorType(
    "payments.qris_amount_out_of_range",
    422,
    "Pembayaran QRIS harus dari {min_amount} sampai {max_amount}, bukan {amount}.",
)
QRIS_REFERENCE_MALFORMED = ErrorType(
    "payments.qris_reference_malformed",
    422,
    "Nomor rujukan QRIS harus 1 sampai {max_amount} huruf, angka, atau tanda baca biasa.",
)
QRIS_PAYLOAD_FULL = ErrorType(
    "payments.qris_no_room",
    422,
    "QRIS ini sudah penuh, jadi nomor rujukan tidak muat lagi. Buat tanpa nomor rujukan.",
)
PHOTO_NOT_AN_IMAGE = ErrorType(
    "payments.photo_not_a_picture",
    422,
    "Berkas ini bukan gambar yang bisa dibaca. Kirim foto JPG, PNG, atau WebP.",
)
PHOTO_TOO_LARGE = ErrorType(
    "payments.photo_too_large",
    422,
    "Foto ini terlalu besar. Paling banyak {megabytes} MB dan {megapixels} juta titik; potong di "
    "sekitar kode QR-nya.",
)
PHOTO_WITHOUT_QR = ErrorType(
    "payments.photo_without_qr",
    422,
    "Tidak ada kode QR yang terbaca di foto ini. Foto lagi dari dekat, lurus, dan terang.",
)
PHOTO_WITHOUT_QRIS = ErrorType(
    "payments.photo_without_qris",
    422,
    "Kode QR di foto ini bukan QRIS. Foto stiker QRIS koperasi Anda.",
)
PHOTO_WITH_SEVERAL_QRIS = ErrorType(
    "payments.photo_with_several",
    422,
    "Di foto ini ada lebih dari satu QRIS. Foto satu stiker saja.",
)
