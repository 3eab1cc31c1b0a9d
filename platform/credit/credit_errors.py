"""Errors of credit and counter payments."""

from kernel.errors import ErrorType

COUNTER_AMOUNT_NEEDED = ErrorType(
    "payments.counter_amount_needed",
    422,
    "Tulis jumlah yang dibayar.",
)
OWES_NOTHING = ErrorType(
    "payments.owes_nothing",
    409,
    "{name} tidak punya utang kasbon. Uangnya bisa diisikan ke dompetnya.",
)
MORE_THAN_OWED = ErrorType(
    "payments.more_than_owed",
    409,
    "Utang kasbon {name} {owed}. Terima sebanyak itu; selebihnya bisa diisikan ke dompetnya.",
)
WALLET_NOT_OPEN = ErrorType(
    "payments.wallet_not_open",
    409,
    "Dompet anggota belum dibuka. Buka di halaman Cara membayar, dan pastikan anggaran dasar mengizinkannya.",
)
NOT_ACTIVE = ErrorType(
    "payments.not_active",
    409,
    "{name} bukan anggota lagi. Dompetnya tidak bisa diisi.",
)
PAYROLL_NUMBER_TAKEN = ErrorType(
    "payments.payroll_number_taken",
    409,
    "Nomor pegawai {number} sudah dipakai {name}. Periksa nomornya.",
)
