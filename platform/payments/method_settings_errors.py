"""Errors of configuring a payment method."""

from kernel.errors import ErrorType

METHOD_CHANGED_CONCURRENTLY = ErrorType(
    "payments.way_changed_meanwhile",
    409,
    "Pengurus lain baru saja mengubah cara ini. Buka halamannya sekali lagi, lalu ulangi perubahan Anda.",
)
METHOD_INCOMPLETE = ErrorType(
    "payments.way_incomplete",
    409,
    "Cara ini belum lengkap. Isi dulu: {missing}.",
)
METHOD_NOT_IN_BYLAWS = ErrorType(
    "payments.way_not_in_bylaws",
    409,
    "Anggaran dasar belum mengizinkan cara membayar ini. Tambahkan dulu di halaman Anggaran dasar.",
)
METHOD_NOT_IN_PLAN = ErrorType(
    "payments.way_not_in_plan",
    409,
    "Cara membayar ini tidak termasuk paket koperasi Anda. Ganti paketnya dulu di halaman Paket.",
)
METHOD_NOT_TESTABLE = ErrorType(
    "payments.way_not_tried",
    409,
    "Cara ini tidak perlu dicoba: uangnya tidak lewat siapa pun di luar koperasi.",
)
WRONG_PREFIX = ErrorType(
    "payments.beginning_wrong",
    422,
    "Isian ini biasanya diawali {beginning}. Salin ulang dari penyedianya.",
)
UNKNOWN_SETTING = ErrorType(
    "payments.setting_unknown",
    422,
    "Cara ini tidak mengenal isian “{name}”.",
)
NO_STICKER = ErrorType(
    "payments.no_sticker",
    422,
    "Tempel teks QRIS, atau kirim foto stikernya.",
)
ACCOUNT_NOT_CONNECTED = ErrorType(
    "payments.account_not_connected",
    409,
    "Akun Stripe ini belum dihubungkan untuk koperasi Anda. Minta pengelola Lumbung menghubungkannya, "
    "atau pakai kunci sendiri.",
)
