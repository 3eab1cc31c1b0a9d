"""Errors of payments: methods and their settings, paying, refunds, and the vault of secrets."""

from kernel.errors import ErrorType

METHOD_NOT_AVAILABLE = ErrorType(
    "payments.way_not_offered",
    409,
    "Cara membayar ini tidak tersedia. Pilih cara yang lain.",
)
AMOUNT_BELOW_MINIMUM = ErrorType(
    "payments.amount_below_least",
    409,
    "Cara ini mulai dari {min_amount}. Pilih cara yang lain.",
)
AMOUNT_ABOVE_MAXIMUM = ErrorType(
    "payments.amount_above_most",
    409,
    "Cara ini paling banyak {max_amount}. Pilih cara yang lain.",
)
NO_SUCH_PAYMENT = ErrorType("payments.no_such_payment", 404, "Pembayaran ini tidak ada.")
NO_SUCH_METHOD = ErrorType("payments.no_such_way", 404, "Cara membayar ini tidak ada.")
NO_SUCH_WEBHOOK_EVENT = ErrorType("payments.no_such_message", 404, "Pesan ini tidak ada.")
NO_SUCH_EXCEPTION = ErrorType(
    "payments.no_such_exception",
    404,
    "Hal yang perlu diperiksa ini tidak ada.",
)
EXCEPTION_ALREADY_RESOLVED = ErrorType(
    "payments.exception_settled",
    409,
    "Ini sudah diperiksa oleh {name}.",
)
NOT_AWAITING = ErrorType(
    "payments.not_awaiting",
    409,
    "Pembayaran {reference} tidak sedang menunggu. Keadaannya sekarang: {state}.",
)
PAYMENT_PROCESSING = ErrorType(
    "payments.under_way",
    409,
    "Uang Anda sedang diproses bank, jadi cara lain belum bisa dipilih. Tunggu sebentar: kabarnya "
    "muncul di halaman pembayaran.",
)
NOT_FOR_OFFICERS = ErrorType(
    "payments.not_for_officers",
    409,
    "Pembayaran {reference} dipastikan oleh penyedianya, bukan oleh pengurus. Tekan “Tanyakan kepada "
    "penyedia”.",
)
NOT_PAID = ErrorType(
    "payments.not_paid",
    409,
    "Pembayaran {reference} belum dibayar, jadi tidak ada yang bisa dikembalikan.",
)
REFUND_TOO_MUCH = ErrorType(
    "payments.refund_too_much",
    409,
    "Yang masih bisa dikembalikan {left}. Tulis jumlah yang lebih kecil.",
)
REFUND_AMOUNT_MISSING = ErrorType("payments.refund_nothing", 422, "Tulis jumlah yang dikembalikan.")
REFUND_DESTINATION_NOT_ALLOWED = ErrorType(
    "payments.refund_not_this_way",
    409,
    "Uang ini tidak bisa dikembalikan lewat jalan itu. Pilih jalan yang lain.",
)
NOT_YET_FULFILLED = ErrorType(
    "payments.still_held",
    409,
    "{label} belum diserahkan. Batalkan dari halamannya: uangnya ikut kembali, dan barangnya dilepas.",
)
REASON_NEEDED = ErrorType("payments.reason_needed", 422, "Tulis alasannya.")
REFUND_PENDING = ErrorType(
    "payments.refund_under_way",
    409,
    "Pengembalian uang pembayaran {reference} masih berjalan di penyedianya. Tunggu sampai selesai.",
)
REFUND_WALLET_SPENT = ErrorType(
    "payments.refund_wallet_spent",
    409,
    "Uangnya ada di dompet {name}, dan saldonya tinggal {left}. Kembalikan paling banyak sebesar itu.",
)
SAVINGS_TOO_LOW = ErrorType(
    "payments.savings_too_low",
    409,
    "Saldo simpanan sukarela Anda {balance}, belum cukup untuk {total}. Pilih cara membayar yang lain.",
)
WALLET_TOO_LOW = ErrorType(
    "payments.wallet_too_low",
    409,
    "Saldo dompet Anda {balance}, belum cukup untuk {total}. Isi dulu, atau pilih cara yang lain.",
)
BALANCE_SPENT = ErrorType(
    "payments.balance_spent",
    409,
    "Saldo Anda tidak cukup lagi untuk {total}: baru saja dipakai. Pilih cara membayar yang lain.",
)
CREDIT_TOO_LOW = ErrorType(
    "payments.credit_too_low",
    409,
    "Sisa batas {method} Anda {left}, belum cukup untuk {total}. Pilih cara membayar yang lain.",
)
CONSENT_NEEDED = ErrorType("payments.consent_needed", 422, "Tulis PIN Anda untuk menyetujui.")
PIN_WRONG = ErrorType("payments.pin_wrong", 422, "PIN ini tidak cocok. Coba lagi.")
PIN_NOT_SET = ErrorType(
    "payments.pin_not_set",
    409,
    "Anda belum membuat PIN. Buat dulu di halaman Kasbon.",
)
PIN_COOLDOWN = ErrorType(
    "payments.pin_waits",
    409,
    "PIN baru bisa dibuat atau diganti mulai {until}, sehari sesudah akun dibuka dengan kode.",
)
PIN_MALFORMED = ErrorType("payments.pin_malformed", 422, "PIN terdiri dari 6 angka.")
PIN_TOO_EASY = ErrorType(
    "payments.pin_too_easy",
    422,
    "PIN ini mudah ditebak. Jangan pakai angka yang sama semua atau berurutan.",
)
NO_SUCH_MEMBER = ErrorType("payments.no_such_member", 404, "Anggota ini tidak ada.")
PROVIDER_UNAVAILABLE = ErrorType(
    "payments.provider_silent",
    503,
    "Layanan pembayaran sedang tidak menjawab. Coba lagi sebentar, atau pilih cara yang lain. Uang "
    "Anda belum berpindah.",
)
PROVIDER_DECLINED = ErrorType(
    "payments.provider_declined",
    409,
    "Layanan pembayaran menolak: {said}. Pilih cara yang lain, atau hubungi pengurus.",
)
TEST_KEYS_REFUSED = ErrorType(
    "payments.stand_in_refused",
    409,
    "Kunci ini hanya untuk uji coba, jadi tidak bisa ditawarkan kepada pembeli. Pakai kunci yang "
    "sesungguhnya.",
)
KEYS_CHANGED = ErrorType(
    "payments.keys_changed",
    409,
    "Kunci cara membayar ini diganti sesudah pembayaran dibuat. Pilih cara membayar yang lain.",
)
SETTING_MISSING = ErrorType("payments.setting_missing", 422, "Isi bagian ini dulu.")
FEE_OUT_OF_RANGE = ErrorType(
    "payments.fee_out_of_range",
    422,
    "Biaya dari 0 sampai 20 persen.",
)
LIMITS_INVERTED = ErrorType(
    "payments.limits_crossed",
    422,
    "Batas terbesar harus lebih besar daripada yang terkecil.",
)


REPAYMENT_TOO_MUCH = ErrorType(
    "payments.repayment_too_much",
    409,
    "Kasbon Anda {owed}. Tulis jumlah sebesar itu, atau yang lebih kecil.",
)
PINS_DIFFER = ErrorType(
    "payments.pins_differ",
    422,
    "Kedua PIN ini tidak sama. Tulis PIN yang sama dua kali.",
)


NO_SUCH_REFUND = ErrorType("payments.no_such_refund", 404, "Pengembalian ini tidak ada.")
REFUND_NOT_PENDING = ErrorType(
    "payments.refund_not_pending",
    409,
    "Pengembalian ini sudah tidak berjalan lagi. Lihat keadaannya di halaman pembayaran.",
)
REFUND_TOO_RECENT = ErrorType(
    "payments.refund_too_young",
    409,
    "Pengembalian ini baru diminta. Penyedianya masih kami tanya; tunggu sehari dulu.",
)


VAULT_KEY_MISSING = ErrorType(
    "payments.vault_has_no_key",
    500,
    "Belum ada kunci untuk menyimpan rahasia. Pengelola server perlu mengisi LUMBUNG_MASTER_KEYS.",
)
VAULT_KEY_UNKNOWN = ErrorType(
    "payments.vault_key_unknown",
    500,
    "Rahasia ini disimpan dengan kunci “{key}”, yang tidak ada lagi di LUMBUNG_MASTER_KEYS. Kembalikan "
    "kunci itu, atau isi ulang rahasianya.",
)
VAULT_DECRYPTION_FAILED = ErrorType(
    "payments.vault_not_opened",
    500,
    "Rahasia ini tidak bisa dibuka: isinya berubah, atau milik koperasi atau isian lain. Isi ulang "
    "rahasianya.",
)
SECRET_NOT_ENCODABLE = ErrorType(
    "payments.secret_not_text",
    422,
    "Rahasia ini memuat karakter yang tidak bisa disimpan. Salin ulang dari penyedianya.",
)


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
