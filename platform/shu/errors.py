"""Errors of the division of a surplus."""

from kernel.errors import ErrorType

SURPLUS_NOT_WHOLE = ErrorType(
    "shu.surplus_not_whole",
    422,
    "SHU harus rupiah bulat, bukan {value}. Tulis sebagai angka tanpa koma dan tanpa tanda kutip, "
    "misalnya 40000000.",
)
PERCENTAGE_NOT_EXACT = ErrorType(
    "shu.percentage_not_exact",
    422,
    'Persentase {line} ({value}) tidak pasti. Tulis sebagai teks, misalnya "25" atau "2.5".',
)
BASIS_UNKNOWN = ErrorType(
    "shu.basis_unknown",
    422,
    'Dasar pembagian {line} tidak dikenal: {value}. Pakai "savings", "purchases", "loans" atau null.',
)
MEMBER_TWICE = ErrorType(
    "shu.member_twice",
    422,
    "Anggota {number} tertulis dua kali. Gabungkan menjadi satu.",
)
MEMBER_WITHOUT_NUMBER = ErrorType(
    "shu.member_without_number",
    422,
    "Anggota ke-{position} belum punya nomor.",
)
MEMBER_BASIS_NOT_WHOLE = ErrorType(
    "shu.member_basis_not_whole",
    422,
    "{basis} anggota {number} harus rupiah bulat, bukan {value}.",
)
MEMBER_BASIS_NEGATIVE = ErrorType(
    "shu.member_basis_negative",
    422,
    "{basis} anggota {number} tidak boleh kurang dari nol: {value}. Perbaiki, atau isi 0.",
)
FILE_MISSING = ErrorType("shu.file_missing", 404, "Berkas {path} tidak ada.")
FILE_NOT_READABLE = ErrorType(
    "shu.file_not_readable",
    422,
    "Berkas {path} tidak bisa dibaca: {reason}.",
)
NOT_JSON = ErrorType(
    "shu.not_json",
    422,
    "Berkas ini bukan JSON yang utuh: {reason}.",
)
WRONG_SHAPE = ErrorType("shu.wrong_shape", 422, "{where} harus berupa {wanted}.")
KEY_MISSING = ErrorType("shu.key_missing", 422, '{where} belum berisi "{key}".')
KEY_UNKNOWN = ErrorType(
    "shu.key_unknown",
    422,
    '{where} berisi "{key}" yang tidak dikenal. Yang dikenal: {known}.',
)
KEY_TWICE = ErrorType("shu.key_twice", 422, '"{key}" tertulis dua kali.')
YEAR_AHEAD = ErrorType(
    "shu.year_ahead",
    409,
    "Tahun {year} belum tiba. Pilih {now} atau tahun sebelumnya.",
)
YEAR_TOO_OLD = ErrorType("shu.year_too_old", 422, "Tahun {year} bukan tahun buku.")
NO_SUCH_DRAFT = ErrorType(
    "shu.no_such_draft",
    404,
    "Rancangan SHU tahun {year} itu tidak ada. Buka daftar SHU untuk melihat yang ada.",
)
NO_SUCH_SHARE = ErrorType(
    "shu.no_such_share",
    404,
    "Anggota ini tidak ada dalam rancangan itu.",
)
