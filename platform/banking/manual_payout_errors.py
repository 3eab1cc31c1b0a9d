"""What is declined about money that is said to have reached the bank."""

from kernel.errors import ErrorType

PAYOUT_AMOUNT_NEEDED = ErrorType(
    "payments.arrived_nothing",
    422,
    id="Tulis jumlah yang masuk rekening.",
    en="Write the amount that reached the bank.",
)
PAYOUT_EXCEEDS_BALANCE = ErrorType(
    "payments.arrived_too_much",
    409,
    id="Menurut buku, yang belum masuk rekening tinggal {left}. Pastikan dulu pembayaran yang belum "
    "dicatat, atau tulis jumlah sebanyak itu.",
    en="By the books only {left} has not reached the bank yet. First confirm payments that are not "
    "recorded, or write that amount.",
)
PAYOUT_IN_FUTURE = ErrorType(
    "payments.arrived_ahead",
    422,
    id="Tanggal ini belum tiba. Pakai tanggal uangnya masuk rekening.",
    en="This day is still to come. Use the day on which the money reached the bank.",
)
PAYOUT_BEFORE_FIRST_PAYMENT = ErrorType(
    "payments.arrived_before",
    422,
    id="Pada tanggal ini belum ada uang lewat cara bayar ini; yang pertama tercatat {first}. Periksa "
    "tanggal dan tahunnya.",
    en="On this day no money had come by this way yet; the first is recorded on {first}. Check the day "
    "and the year.",
)
