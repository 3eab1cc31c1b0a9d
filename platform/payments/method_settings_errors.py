"""What is declined while an officer sets up a way of paying."""

from kernel.errors import ErrorType

METHOD_CHANGED_CONCURRENTLY = ErrorType(
    "payments.way_changed_meanwhile",
    409,
    id="Pengurus lain baru saja mengubah cara ini. Buka halamannya sekali lagi, lalu ulangi perubahan Anda.",
    en="Another officer has just changed this way. Open its page once more, then make your change again.",
)
METHOD_INCOMPLETE = ErrorType(
    "payments.way_incomplete",
    409,
    id="Cara ini belum lengkap. Isi dulu: {missing}.",
    en="This way is not complete. Fill in first: {missing}.",
)
METHOD_NOT_IN_BYLAWS = ErrorType(
    "payments.way_not_in_bylaws",
    409,
    id="Anggaran dasar belum mengizinkan cara membayar ini. Tambahkan dulu di halaman Anggaran dasar.",
    en="The bylaws do not allow this way of paying yet. Add it on the page Bylaws first.",
)
METHOD_NOT_IN_PLAN = ErrorType(
    "payments.way_not_in_plan",
    409,
    id="Cara membayar ini tidak termasuk paket koperasi Anda. Ganti paketnya dulu di halaman Paket.",
    en="Your cooperative's plan does not include this way of paying. Change the plan on the page Plan first.",
)
METHOD_NOT_TESTABLE = ErrorType(
    "payments.way_not_tried",
    409,
    id="Cara ini tidak perlu dicoba: uangnya tidak lewat siapa pun di luar koperasi.",
    en="This way needs no trial: its money passes nobody outside the cooperative.",
)
WRONG_PREFIX = ErrorType(
    "payments.beginning_wrong",
    422,
    id="Isian ini biasanya diawali {beginning}. Salin ulang dari penyedianya.",
    en="This usually begins with {beginning}. Copy it from the provider again.",
)
UNKNOWN_SETTING = ErrorType(
    "payments.setting_unknown",
    422,
    id="Cara ini tidak mengenal isian “{name}”.",
    en="This way knows no setting “{name}”.",
)
NO_STICKER = ErrorType(
    "payments.no_sticker",
    422,
    id="Tempel teks QRIS, atau kirim foto stikernya.",
    en="Paste the QRIS text, or send a photo of the sticker.",
)
ACCOUNT_NOT_CONNECTED = ErrorType(
    "payments.account_not_connected",
    409,
    id="Akun Stripe ini belum dihubungkan untuk koperasi Anda. Minta pengelola Lumbung menghubungkannya, "
    "atau pakai kunci sendiri.",
    en="This Stripe account has not been connected for your cooperative. Ask the operator of Lumbung to "
    "do so, or use your own keys.",
)
