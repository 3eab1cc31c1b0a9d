"""Errors that billing raises."""

from kernel.errors import ErrorType

NO_SUCH_PLAN = ErrorType(
    "billing.no_such_plan",
    404,
    "Paket itu tidak ada. Pilih salah satu dari halaman paket.",
)
SAME_PLAN = ErrorType(
    "billing.same_plan",
    409,
    "Koperasi Anda sudah memakai paket itu. Tidak ada yang berubah.",
)
PAY_FIRST = ErrorType(
    "billing.pay_first",
    409,
    "Tagihan {number} sudah lewat jatuh tempo. Lunasi dulu, lalu ganti paket.",
)
BY_CARD = ErrorType(
    "billing.by_card",
    409,
    "Langganan ini dibayar dengan kartu. Hentikan lewat tombol “Kelola kartu dan langganan”; sesudah "
    "masanya habis pilih paket lain.",
)
OWN_PLAN_BY_CARD = ErrorType(
    "billing.own_plan_by_card",
    409,
    "Masa yang sedang berjalan memakai paket lain. Pasang kartu untuk paket itu dulu, lalu ganti paket.",
)
NOTHING_TO_CANCEL = ErrorType(
    "billing.nothing_to_cancel",
    409,
    "Tidak ada paket berbayar yang bisa dihentikan. Tidak ada yang berubah.",
)
NOTHING_TO_RESUME = ErrorType(
    "billing.nothing_to_resume",
    409,
    "Paket ini memang berlanjut. Tidak ada yang berubah.",
)
NO_SUCH_INVOICE = ErrorType(
    "billing.no_such_invoice",
    404,
    "Tagihan “{number}” tidak ada.",
)
NOT_OPEN = ErrorType(
    "billing.not_open",
    409,
    "Tagihan {number} sudah tidak terbuka. Tidak ada yang berubah.",
)
REFERENCE_USED = ErrorType(
    "billing.reference_used",
    409,
    "Bukti itu sudah melunasi tagihan {number}, dan satu transfer melunasi satu tagihan. Tulis bukti "
    "transfer yang lain.",
)
WRONG_AMOUNT = ErrorType(
    "billing.wrong_amount",
    409,
    "Tagihan {number} sebesar {due}, bukan {given}. Periksa sekali lagi; kelebihan bisa dicatat "
    "sebagai saldo.",
)
REASON_NEEDED = ErrorType(
    "billing.reason_needed",
    422,
    "Tulis alasannya: koperasi akan membacanya.",
)
AMOUNT_NEEDED = ErrorType(
    "billing.amount_needed",
    422,
    "Jumlahnya harus lebih dari nol.",
)
NO_SUCH_COUPON = ErrorType(
    "billing.no_such_coupon",
    404,
    "Kode “{code}” tidak dikenal, sudah habis, atau sudah lewat waktunya. Periksa ejaannya.",
)
AMOUNT_TOO_LARGE = ErrorType(
    "billing.amount_too_large",
    422,
    "Saldo paling banyak {most} sekali catat. Periksa jumlah nolnya.",
)
AT_STRIPE = ErrorType(
    "billing.at_stripe",
    409,
    "Tagihan {number} ditagih Stripe. Tutup atau lunasi di dasbor Stripe; keadaannya dibaca dari sana, "
    "supaya kartu tidak ditagih lagi.",
)
COUPON_USED = ErrorType(
    "billing.coupon_used",
    409,
    "Koperasi Anda sudah pernah memakai kode “{code}”. Tidak ada yang berubah.",
)
COUPON_BY_CARD = ErrorType(
    "billing.coupon_by_card",
    409,
    "Langganan ini dibayar dengan kartu, dan kupon hanya bisa dimasukkan sebelum kartu dipasang. Tidak "
    "ada yang berubah.",
)
COUPON_TAKEN = ErrorType(
    "billing.coupon_taken",
    409,
    "Kode “{code}” sudah ada. Pilih kode lain.",
)
COUPON_MALFORMED = ErrorType(
    "billing.coupon_malformed",
    422,
    "Kode terdiri dari 4 sampai 20 huruf dan angka.",
)
NO_CARD_HERE = ErrorType(
    "billing.no_card_here",
    404,
    "Pembayaran dengan kartu belum dipasang di Lumbung ini. Pakai transfer bank atau QRIS.",
)
NO_CARD_YET = ErrorType(
    "billing.no_card_yet",
    409,
    "Belum ada kartu yang terpasang. Pilih “Bayar dengan kartu” di halaman paket.",
)
CARD_UNREACHABLE = ErrorType(
    "billing.card_unreachable",
    503,
    "Penyedia kartu belum menjawab. Tidak ada yang berubah; coba lagi sebentar.",
)
NO_SUCH_COOPERATIVE = ErrorType(
    "billing.no_such_cooperative",
    404,
    "Tidak ada koperasi dengan alamat “{slug}”.",
)
UNKNOWN_STATEMENT = ErrorType(
    "billing.unknown_statement",
    422,
    "Susunan mutasi ini tidak dikenal. Pakai berkas CSV dari BCA, Mandiri, BRI, atau BNI.",
)
