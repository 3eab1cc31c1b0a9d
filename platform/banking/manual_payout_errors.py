"""Errors of payouts recorded by hand."""

from kernel.errors import ErrorType

PAYOUT_AMOUNT_NEEDED = ErrorType(
    "payments.arrived_nothing",
    422,
    "Tulis jumlah yang masuk rekening.",
)
PAYOUT_EXCEEDS_BALANCE = ErrorType(
    "payments.arrived_too_much",
    409,
    "Menurut buku, yang belum masuk rekening tinggal {left}. Pastikan dulu pembayaran yang belum "
    "dicatat, atau tulis jumlah sebanyak itu.",
)
PAYOUT_IN_FUTURE = ErrorType(
    "payments.arrived_ahead",
    422,
    "Tanggal ini belum tiba. Pakai tanggal uangnya masuk rekening.",
)
PAYOUT_BEFORE_FIRST_PAYMENT = ErrorType(
    "payments.arrived_before",
    422,
    "Pada tanggal ini belum ada uang lewat cara bayar ini; yang pertama tercatat {first}. Periksa "
    "tanggal dan tahunnya.",
)
