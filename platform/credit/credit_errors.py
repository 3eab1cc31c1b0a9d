"""What is declined about credit and wallets at the counter."""

from kernel.errors import ErrorType

COUNTER_AMOUNT_NEEDED = ErrorType(
    "payments.counter_amount_needed",
    422,
    id="Tulis jumlah yang dibayar.",
    en="Write the amount that is paid.",
)
OWES_NOTHING = ErrorType(
    "payments.owes_nothing",
    409,
    id="{name} tidak punya utang kasbon. Uangnya bisa diisikan ke dompetnya.",
    en="{name} owes nothing on store credit. The money can go into their wallet.",
)
MORE_THAN_OWED = ErrorType(
    "payments.more_than_owed",
    409,
    id="Utang kasbon {name} {owed}. Terima sebanyak itu; selebihnya bisa diisikan ke dompetnya.",
    en="{name} owes {owed} on store credit. Take that much; the rest can go into their wallet.",
)
WALLET_NOT_OPEN = ErrorType(
    "payments.wallet_not_open",
    409,
    id="Dompet anggota belum dibuka. Buka di halaman Cara membayar, dan pastikan anggaran dasar "
    "mengizinkannya.",
    en="Members' wallets are not open. Open them on the page Ways of paying, and see that the bylaws "
    "allow them.",
)
NOT_ACTIVE = ErrorType(
    "payments.not_active",
    409,
    id="{name} bukan anggota lagi. Dompetnya tidak bisa diisi.",
    en="{name} is no member any more. Their wallet cannot be filled.",
)
PAYROLL_NUMBER_TAKEN = ErrorType(
    "payments.payroll_number_taken",
    409,
    id="Nomor pegawai {number} sudah dipakai {name}. Periksa nomornya.",
    en="The payroll number {number} is {name}'s already. Check the number.",
)
