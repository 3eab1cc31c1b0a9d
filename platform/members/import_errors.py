"""What the import of members declines, line by line or whole."""

from kernel.errors import ErrorType

NOT_A_SEX = ErrorType(
    "members.not_a_sex",
    422,
    id="Kolom sex: tulis L atau P, bukan “{text}”.",
    en="Column sex: write L or P (or M or F), not “{text}”.",
)
JOINED_AHEAD = ErrorType(
    "members.joined_ahead",
    422,
    id="Tanggal bergabung {day} belum tiba.",
    en="The joining date {day} is still to come.",
)
JOINED_TOO_EARLY = ErrorType(
    "members.joined_too_early",
    422,
    id="Tahun bergabung {year} terlalu lampau. Periksa angka tahunnya.",
    en="The joining year {year} is too long ago. Check its figures.",
)
OPENING_SAVINGS_CHANGED = ErrorType(
    "members.opening_savings_changed",
    409,
    id="Simpanan awal anggota {number} sudah dicatat {recorded}, di berkas {deposits}. Simpanan yang "
    "sudah berjalan diubah dengan setoran atau penarikan, bukan dengan impor.",
    en="The opening savings of member {number} are on record as {recorded}, the file says {deposits}. "
    "Savings in use change by a deposit or a withdrawal, not by an import.",
)
NUMBER_OF_FORMER_MEMBER = ErrorType(
    "members.number_of_former_member",
    409,
    id="Nomor {number} milik {name}, yang bukan anggota aktif. Nomor lama tidak dipakai lagi untuk orang "
    "lain.",
    en="The number {number} belongs to {name}, who is no active member. An old number is not given to "
    "somebody else.",
)
