"""What billing declines."""

from kernel.errors import ErrorType

NO_SUCH_PLAN = ErrorType(
    "billing.no_such_plan",
    404,
    id="Paket itu tidak ada. Pilih salah satu dari halaman paket.",
    en="There is no such plan. Choose one from the plans page.",
)
SAME_PLAN = ErrorType(
    "billing.same_plan",
    409,
    id="Koperasi Anda sudah memakai paket itu. Tidak ada yang berubah.",
    en="Your cooperative is already on that plan. Nothing has changed.",
)
PAY_FIRST = ErrorType(
    "billing.pay_first",
    409,
    id="Tagihan {number} sudah lewat jatuh tempo. Lunasi dulu, lalu ganti paket.",
    en="Invoice {number} is overdue. Pay it first, then change the plan.",
)
BY_CARD = ErrorType(
    "billing.by_card",
    409,
    id="Langganan ini dibayar dengan kartu. Hentikan lewat tombol “Kelola kartu dan langganan”; sesudah "
    "masanya habis pilih paket lain.",
    en="This subscription is paid by card. End it with the button “Manage card and subscription”, and "
    "choose another plan when its period is over.",
)
OWN_PLAN_BY_CARD = ErrorType(
    "billing.own_plan_by_card",
    409,
    id="Masa yang sedang berjalan memakai paket lain. Pasang kartu untuk paket itu dulu, lalu ganti paket.",
    en="The current period is of another plan. Set a card up for that plan first, then change the plan.",
)
NOTHING_TO_CANCEL = ErrorType(
    "billing.nothing_to_cancel",
    409,
    id="Tidak ada paket berbayar yang bisa dihentikan. Tidak ada yang berubah.",
    en="There is no paid plan to cancel. Nothing has changed.",
)
NOTHING_TO_RESUME = ErrorType(
    "billing.nothing_to_resume",
    409,
    id="Paket ini memang berlanjut. Tidak ada yang berubah.",
    en="This plan continues anyway. Nothing has changed.",
)
NO_SUCH_INVOICE = ErrorType(
    "billing.no_such_invoice",
    404,
    id="Tagihan “{number}” tidak ada.",
    en="There is no invoice “{number}”.",
)
NOT_OPEN = ErrorType(
    "billing.not_open",
    409,
    id="Tagihan {number} sudah tidak terbuka. Tidak ada yang berubah.",
    en="Invoice {number} is no longer open. Nothing has changed.",
)
REFERENCE_USED = ErrorType(
    "billing.reference_used",
    409,
    id="Bukti itu sudah melunasi tagihan {number}, dan satu transfer melunasi satu tagihan. Tulis bukti "
    "transfer yang lain.",
    en="That reference has paid invoice {number} already, and one transfer pays one invoice. Write the "
    "reference of another transfer.",
)
WRONG_AMOUNT = ErrorType(
    "billing.wrong_amount",
    409,
    id="Tagihan {number} sebesar {due}, bukan {given}. Periksa sekali lagi; kelebihan bisa dicatat "
    "sebagai saldo.",
    en="Invoice {number} is for {due}, not {given}. Check again; what is too much can be recorded as credit.",
)
REASON_NEEDED = ErrorType(
    "billing.reason_needed",
    422,
    id="Tulis alasannya: koperasi akan membacanya.",
    en="Write the reason: the cooperative will read it.",
)
AMOUNT_NEEDED = ErrorType(
    "billing.amount_needed",
    422,
    id="Jumlahnya harus lebih dari nol.",
    en="The amount must be above zero.",
)
NO_SUCH_COUPON = ErrorType(
    "billing.no_such_coupon",
    404,
    id="Kode “{code}” tidak dikenal, sudah habis, atau sudah lewat waktunya. Periksa ejaannya.",
    en="The code “{code}” is unknown, used up or over. Check how it is spelled.",
)
AMOUNT_TOO_LARGE = ErrorType(
    "billing.amount_too_large",
    422,
    id="Saldo paling banyak {most} sekali catat. Periksa jumlah nolnya.",
    en="Credit is at most {most} at a time. Check the number of zeros.",
)
AT_STRIPE = ErrorType(
    "billing.at_stripe",
    409,
    id="Tagihan {number} ditagih Stripe. Tutup atau lunasi di dasbor Stripe; keadaannya dibaca dari sana, "
    "supaya kartu tidak ditagih lagi.",
    en="Invoice {number} is collected by Stripe. Close or settle it in Stripe's dashboard; it is read "
    "back from there, so that the card is not charged as well.",
)
COUPON_USED = ErrorType(
    "billing.coupon_used",
    409,
    id="Koperasi Anda sudah pernah memakai kode “{code}”. Tidak ada yang berubah.",
    en="Your cooperative has used the code “{code}” before. Nothing has changed.",
)
COUPON_BY_CARD = ErrorType(
    "billing.coupon_by_card",
    409,
    id="Langganan ini dibayar dengan kartu, dan kupon hanya bisa dimasukkan sebelum kartu dipasang. Tidak "
    "ada yang berubah.",
    en="This subscription is paid by card, and a code can only be entered before the card is set up. "
    "Nothing has changed.",
)
COUPON_TAKEN = ErrorType(
    "billing.coupon_taken",
    409,
    id="Kode “{code}” sudah ada. Pilih kode lain.",
    en="The code “{code}” exists already. Choose another.",
)
COUPON_MALFORMED = ErrorType(
    "billing.coupon_malformed",
    422,
    id="Kode terdiri dari 4 sampai 20 huruf dan angka.",
    en="A code has 4 to 20 letters and digits.",
)
NO_CARD_HERE = ErrorType(
    "billing.no_card_here",
    404,
    id="Pembayaran dengan kartu belum dipasang di Lumbung ini. Pakai transfer bank atau QRIS.",
    en="Paying by card is not set up on this Lumbung. Use a bank transfer or QRIS.",
)
NO_CARD_YET = ErrorType(
    "billing.no_card_yet",
    409,
    id="Belum ada kartu yang terpasang. Pilih “Bayar dengan kartu” di halaman paket.",
    en="No card has been set up yet. Choose “Pay by card” on the plans page.",
)
CARD_UNREACHABLE = ErrorType(
    "billing.card_unreachable",
    503,
    id="Penyedia kartu belum menjawab. Tidak ada yang berubah; coba lagi sebentar.",
    en="The card provider does not answer. Nothing has changed; try again in a moment.",
)
NO_SUCH_COOPERATIVE = ErrorType(
    "billing.no_such_cooperative",
    404,
    id="Tidak ada koperasi dengan alamat “{slug}”.",
    en="There is no cooperative with the address “{slug}”.",
)
UNKNOWN_STATEMENT = ErrorType(
    "billing.unknown_statement",
    422,
    id="Susunan mutasi ini tidak dikenal. Pakai berkas CSV dari BCA, Mandiri, BRI, atau BNI.",
    en="The layout of this statement is unknown. Use the CSV file of BCA, Mandiri, BRI or BNI.",
)
