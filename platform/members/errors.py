"""Domain errors of the register, of accounts and of sign-in."""

from kernel.errors import ErrorType

WRONG_SIGN_IN = ErrorType(
    "members.wrong_sign_in",
    403,
    "Nomor atau kata sandi tidak cocok. Periksa keduanya, lalu coba lagi.",
)
WRONG_CODE = ErrorType(
    "members.wrong_code",
    403,
    "Nomor atau kode tidak cocok, atau kodenya sudah tidak berlaku. Periksa keduanya, atau minta kode "
    "baru kepada pengurus.",
)
WRONG_PASSWORD = ErrorType(
    "members.wrong_password",
    403,
    "Kata sandi yang sekarang tidak cocok.",
)
LINK_USED = ErrorType(
    "members.link_used",
    403,
    "Tautan ini hanya berlaku sekali dan sebentar. Masuklah dengan nomor HP dan kata sandi Anda.",
)
NUMBER_TAKEN = ErrorType(
    "members.number_taken",
    409,
    "Nomor anggota {number} sudah dipakai {name}. Pilih nomor lain atau kosongkan.",
)
NUMBER_NOT_PLAIN = ErrorType(
    "members.number_not_plain",
    422,
    "Nomor anggota memakai huruf, angka, titik, garis miring atau strip, paling banyak {most}.",
)
ALREADY_MEMBER = ErrorType(
    "members.already_member",
    409,
    "{name} dengan nomor HP itu sudah ada di daftar anggota.",
)
CONSENT_NEEDED = ErrorType(
    "members.consent_needed",
    422,
    "Tanpa persetujuan Anda, kami tidak boleh menyimpan data ini.",
)
ALREADY_DECIDED = ErrorType(
    "members.already_decided",
    409,
    "Permohonan {name} sudah dijawab oleh {by}. Tidak ada yang berubah.",
)
REASON_NEEDED = ErrorType("members.reason_needed", 422, "Tulis alasannya dengan singkat.")
DATE_AHEAD = ErrorType(
    "members.date_ahead",
    422,
    "Tanggalnya belum tiba. Pakai tanggal hari ini atau sebelumnya.",
)
NOT_ACTIVE = ErrorType(
    "members.not_active",
    409,
    "{name} bukan anggota aktif, jadi tidak bisa diberi kode.",
)
KETUA_ONLY = ErrorType(
    "members.ketua_only",
    403,
    "{name} juga pengurus. Kode baru untuk pengurus hanya diberikan oleh ketua.",
)
PHONE_TAKEN = ErrorType(
    "members.phone_taken",
    409,
    "Nomor HP ini sudah dipakai akun lain di koperasi ini.",
)


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
