"""Errors of deposits and withdrawals."""

from kernel.errors import ErrorType

AMOUNT_NEEDED = ErrorType("savings.amount_needed", 422, "Tulis jumlah yang lebih dari nol.")
DATE_AHEAD = ErrorType(
    "savings.date_ahead",
    422,
    "Tanggalnya belum tiba. Pakai tanggal hari ini atau sebelumnya.",
)
BEFORE_JOINING = ErrorType(
    "savings.before_joining",
    422,
    "{name} menjadi anggota sejak {joined}. Pakai tanggal itu atau sesudahnya.",
)
NOT_A_MEMBER = ErrorType(
    "savings.not_a_member",
    409,
    "{name} belum atau tidak lagi menjadi anggota. Simpanan hanya untuk anggota.",
)
PRINCIPAL_COMPLETE = ErrorType(
    "savings.principal_complete",
    409,
    "Simpanan pokok {name} kurang {left} lagi. Setoran tidak boleh lebih dari itu.",
)
NOT_ENOUGH = ErrorType(
    "savings.not_enough",
    409,
    "Simpanan sukarela {name} tinggal {balance}. Penarikan tidak boleh lebih dari itu.",
)
