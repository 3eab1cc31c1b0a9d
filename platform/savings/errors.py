"""What is declined when savings should move."""

from kernel.errors import ErrorType

AMOUNT_NEEDED = ErrorType(
    "savings.amount_needed", 422, id="Tulis jumlah yang lebih dari nol.", en="Write an amount above zero."
)
DATE_AHEAD = ErrorType(
    "savings.date_ahead",
    422,
    id="Tanggalnya belum tiba. Pakai tanggal hari ini atau sebelumnya.",
    en="That date has not come yet. Use today or an earlier date.",
)
BEFORE_JOINING = ErrorType(
    "savings.before_joining",
    422,
    id="{name} menjadi anggota sejak {joined}. Pakai tanggal itu atau sesudahnya.",
    en="{name} has been a member since {joined}. Use that day or a later one.",
)
NOT_A_MEMBER = ErrorType(
    "savings.not_a_member",
    409,
    id="{name} belum atau tidak lagi menjadi anggota. Simpanan hanya untuk anggota.",
    en="{name} is not a member yet or any more. Savings are for members only.",
)
PRINCIPAL_COMPLETE = ErrorType(
    "savings.principal_complete",
    409,
    id="Simpanan pokok {name} kurang {left} lagi. Setoran tidak boleh lebih dari itu.",
    en="{name} still lacks {left} of the principal deposit. A deposit cannot be more than that.",
)
NOT_ENOUGH = ErrorType(
    "savings.not_enough",
    409,
    id="Simpanan sukarela {name} tinggal {balance}. Penarikan tidak boleh lebih dari itu.",
    en="{name} has {balance} of voluntary savings left. A withdrawal cannot be more than that.",
)
