"""Domain errors of the import of members."""

from kernel.errors import ErrorType

NOT_A_SEX = ErrorType(
    "members.not_a_sex",
    422,
    "Kolom sex: tulis L atau P, bukan “{text}”.",
)
JOINED_AHEAD = ErrorType(
    "members.joined_ahead",
    422,
    "Tanggal bergabung {day} belum tiba.",
)
JOINED_TOO_EARLY = ErrorType(
    "members.joined_too_early",
    422,
    "Tahun bergabung {year} terlalu lampau. Periksa angka tahunnya.",
)
OPENING_SAVINGS_CHANGED = ErrorType(
    "members.opening_savings_changed",
    409,
    "Simpanan awal anggota {number} sudah dicatat {recorded}, di berkas {deposits}. Simpanan yang "
    "sudah berjalan diubah dengan setoran atau penarikan, bukan dengan impor.",
)
NUMBER_OF_FORMER_MEMBER = ErrorType(
    "members.number_of_former_member",
    409,
    "Nomor {number} milik {name}, yang bukan anggota aktif. Nomor lama tidak dipakai lagi untuk orang lain.",
)
