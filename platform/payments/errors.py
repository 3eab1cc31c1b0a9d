"""What is declined about payments. The parts of the room have files of their own."""

from kernel.errors import ErrorType

METHOD_NOT_AVAILABLE = ErrorType(
    "payments.way_not_offered",
    409,
    id="Cara membayar ini tidak tersedia. Pilih cara yang lain.",
    en="This way of paying is not offered. Choose another one.",
)
AMOUNT_BELOW_MINIMUM = ErrorType(
    "payments.amount_below_least",
    409,
    id="Cara ini mulai dari {min_amount}. Pilih cara yang lain.",
    en="This way starts at {min_amount}. Choose another one.",
)
AMOUNT_ABOVE_MAXIMUM = ErrorType(
    "payments.amount_above_most",
    409,
    id="Cara ini paling banyak {max_amount}. Pilih cara yang lain.",
    en="This way takes at most {max_amount}. Choose another one.",
)
NO_SUCH_PAYMENT = ErrorType(
    "payments.no_such_payment", 404, id="Pembayaran ini tidak ada.", en="There is no such payment."
)
NO_SUCH_METHOD = ErrorType(
    "payments.no_such_way", 404, id="Cara membayar ini tidak ada.", en="There is no such way of paying."
)
NO_SUCH_WEBHOOK_EVENT = ErrorType(
    "payments.no_such_message", 404, id="Pesan ini tidak ada.", en="There is no such message."
)
NO_SUCH_EXCEPTION = ErrorType(
    "payments.no_such_exception",
    404,
    id="Hal yang perlu diperiksa ini tidak ada.",
    en="There is no such exception.",
)
EXCEPTION_ALREADY_RESOLVED = ErrorType(
    "payments.exception_settled",
    409,
    id="Ini sudah diperiksa oleh {name}.",
    en="{name} has looked into this already.",
)
NOT_AWAITING = ErrorType(
    "payments.not_awaiting",
    409,
    id="Pembayaran {reference} tidak sedang menunggu. Keadaannya sekarang: {state}.",
    en="Payment {reference} is not waiting. Its state now: {state}.",
)
PAYMENT_PROCESSING = ErrorType(
    "payments.under_way",
    409,
    id="Uang Anda sedang diproses bank, jadi cara lain belum bisa dipilih. Tunggu sebentar: kabarnya "
    "muncul di halaman pembayaran.",
    en="Your money is on its way through the bank, so no other way can be chosen yet. Wait a little: the "
    "payment's page tells the news.",
)
NOT_FOR_OFFICERS = ErrorType(
    "payments.not_for_officers",
    409,
    id="Pembayaran {reference} dipastikan oleh penyedianya, bukan oleh pengurus. Tekan “Tanyakan kepada "
    "penyedia”.",
    en="Payment {reference} is confirmed by its provider, not by an officer. Press “Ask the provider”.",
)
NOT_PAID = ErrorType(
    "payments.not_paid",
    409,
    id="Pembayaran {reference} belum dibayar, jadi tidak ada yang bisa dikembalikan.",
    en="Payment {reference} has not been paid, so there is nothing to give back.",
)
REFUND_TOO_MUCH = ErrorType(
    "payments.refund_too_much",
    409,
    id="Yang masih bisa dikembalikan {left}. Tulis jumlah yang lebih kecil.",
    en="At most {left} can still be given back. Write a smaller amount.",
)
REFUND_AMOUNT_MISSING = ErrorType(
    "payments.refund_nothing", 422, id="Tulis jumlah yang dikembalikan.", en="Write the amount to give back."
)
REFUND_DESTINATION_NOT_ALLOWED = ErrorType(
    "payments.refund_not_this_way",
    409,
    id="Uang ini tidak bisa dikembalikan lewat jalan itu. Pilih jalan yang lain.",
    en="This money cannot go back that way. Choose another one.",
)
NOT_YET_FULFILLED = ErrorType(
    "payments.still_held",
    409,
    id="{label} belum diserahkan. Batalkan dari halamannya: uangnya ikut kembali, dan barangnya dilepas.",
    en="{label} is not handed over yet. Cancel it on its own page: the money goes back with it, and the "
    "goods are released.",
)
REASON_NEEDED = ErrorType("payments.reason_needed", 422, id="Tulis alasannya.", en="Write the reason.")
REFUND_PENDING = ErrorType(
    "payments.refund_under_way",
    409,
    id="Pengembalian uang pembayaran {reference} masih berjalan di penyedianya. Tunggu sampai selesai.",
    en="A refund of payment {reference} is still under way at its provider. Wait until it is done.",
)
REFUND_WALLET_SPENT = ErrorType(
    "payments.refund_wallet_spent",
    409,
    id="Uangnya ada di dompet {name}, dan saldonya tinggal {left}. Kembalikan paling banyak sebesar itu.",
    en="The money is in the wallet of {name}, which holds {left}. Give back that much at most.",
)
SAVINGS_TOO_LOW = ErrorType(
    "payments.savings_too_low",
    409,
    id="Saldo simpanan sukarela Anda {balance}, belum cukup untuk {total}. Pilih cara membayar yang lain.",
    en="Your voluntary savings are {balance}, not enough for {total}. Choose another way of paying.",
)
WALLET_TOO_LOW = ErrorType(
    "payments.wallet_too_low",
    409,
    id="Saldo dompet Anda {balance}, belum cukup untuk {total}. Isi dulu, atau pilih cara yang lain.",
    en="Your wallet holds {balance}, not enough for {total}. Top it up, or choose another way.",
)
BALANCE_SPENT = ErrorType(
    "payments.balance_spent",
    409,
    id="Saldo Anda tidak cukup lagi untuk {total}: baru saja dipakai. Pilih cara membayar yang lain.",
    en="Your balance no longer covers {total}: it was used a moment ago. Choose another way of paying.",
)
CREDIT_TOO_LOW = ErrorType(
    "payments.credit_too_low",
    409,
    id="Sisa batas {method} Anda {left}, belum cukup untuk {total}. Pilih cara membayar yang lain.",
    en="Your {method} has {left} left, not enough for {total}. Choose another way of paying.",
)
CONSENT_NEEDED = ErrorType(
    "payments.consent_needed", 422, id="Tulis PIN Anda untuk menyetujui.", en="Write your PIN to agree."
)
PIN_WRONG = ErrorType(
    "payments.pin_wrong", 422, id="PIN ini tidak cocok. Coba lagi.", en="This PIN does not fit. Try again."
)
PIN_NOT_SET = ErrorType(
    "payments.pin_not_set",
    409,
    id="Anda belum membuat PIN. Buat dulu di halaman Kasbon.",
    en="You have no PIN yet. Make one on the store credit page first.",
)
PIN_COOLDOWN = ErrorType(
    "payments.pin_waits",
    409,
    id="PIN baru bisa dibuat atau diganti mulai {until}, sehari sesudah akun dibuka dengan kode.",
    en="A new PIN can be made or changed from {until}, a day after the account was opened with a code.",
)
PIN_MALFORMED = ErrorType(
    "payments.pin_malformed", 422, id="PIN terdiri dari 6 angka.", en="A PIN has 6 digits."
)
PIN_TOO_EASY = ErrorType(
    "payments.pin_too_easy",
    422,
    id="PIN ini mudah ditebak. Jangan pakai angka yang sama semua atau berurutan.",
    en="This PIN is easy to guess. Do not use one digit throughout, or digits in a row.",
)
NO_SUCH_MEMBER = ErrorType(
    "payments.no_such_member", 404, id="Anggota ini tidak ada.", en="There is no such member."
)
PROVIDER_UNAVAILABLE = ErrorType(
    "payments.provider_silent",
    503,
    id="Layanan pembayaran sedang tidak menjawab. Coba lagi sebentar, atau pilih cara yang lain. Uang "
    "Anda belum berpindah.",
    en="The payment service does not answer just now. Try again in a moment, or choose another way. No "
    "money has moved.",
)
PROVIDER_DECLINED = ErrorType(
    "payments.provider_declined",
    409,
    id="Layanan pembayaran menolak: {said}. Pilih cara yang lain, atau hubungi pengurus.",
    en="The payment service declined: {said}. Choose another way, or ask the officers.",
)
TEST_KEYS_REFUSED = ErrorType(
    "payments.stand_in_refused",
    409,
    id="Kunci ini hanya untuk uji coba, jadi tidak bisa ditawarkan kepada pembeli. Pakai kunci yang "
    "sesungguhnya.",
    en="This key is for tests only and cannot be offered to buyers. Use the real one.",
)
KEYS_CHANGED = ErrorType(
    "payments.keys_changed",
    409,
    id="Kunci cara membayar ini diganti sesudah pembayaran dibuat. Pilih cara membayar yang lain.",
    en="The keys of this way of paying were changed after the payment was opened. Choose another way of "
    "paying.",
)
SETTING_MISSING = ErrorType(
    "payments.setting_missing", 422, id="Isi bagian ini dulu.", en="Fill this in first."
)
FEE_OUT_OF_RANGE = ErrorType(
    "payments.fee_out_of_range",
    422,
    id="Biaya dari 0 sampai 20 persen.",
    en="The fee is from 0 to 20 percent.",
)
LIMITS_INVERTED = ErrorType(
    "payments.limits_crossed",
    422,
    id="Batas terbesar harus lebih besar daripada yang terkecil.",
    en="The largest amount must be above the smallest.",
)
