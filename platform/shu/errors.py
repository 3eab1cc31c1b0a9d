"""What the division of a surplus declines to reckon with."""

from kernel.errors import ErrorType

SURPLUS_NOT_WHOLE = ErrorType(
    "shu.surplus_not_whole",
    422,
    id="SHU harus rupiah bulat, bukan {value}. Tulis sebagai angka tanpa koma dan tanpa tanda kutip, "
    "misalnya 40000000.",
    en="The surplus must be whole rupiah, not {value}. Write it as digits alone, without quotes, like "
    "40000000.",
)
PERCENTAGE_NOT_EXACT = ErrorType(
    "shu.percentage_not_exact",
    422,
    id='Persentase {line} ({value}) tidak pasti. Tulis sebagai teks, misalnya "25" atau "2.5".',
    en='The percentage of {line} ({value}) is not exact. Write it as text, like "25" or "2.5".',
)
BASIS_UNKNOWN = ErrorType(
    "shu.basis_unknown",
    422,
    id='Dasar pembagian {line} tidak dikenal: {value}. Pakai "savings", "purchases", "loans" atau null.',
    en='The basis of {line} is unknown: {value}. Use "savings", "purchases", "loans" or null.',
)
MEMBER_TWICE = ErrorType(
    "shu.member_twice",
    422,
    id="Anggota {number} tertulis dua kali. Gabungkan menjadi satu.",
    en="Member {number} is there twice. Make it one.",
)
MEMBER_WITHOUT_NUMBER = ErrorType(
    "shu.member_without_number",
    422,
    id="Anggota ke-{position} belum punya nomor.",
    en="Member {position} of the list has no number.",
)
MEMBER_BASIS_NOT_WHOLE = ErrorType(
    "shu.member_basis_not_whole",
    422,
    id="{basis} anggota {number} harus rupiah bulat, bukan {value}.",
    en="The {basis} of member {number} must be whole rupiah, not {value}.",
)
MEMBER_BASIS_NEGATIVE = ErrorType(
    "shu.member_basis_negative",
    422,
    id="{basis} anggota {number} tidak boleh kurang dari nol: {value}. Perbaiki, atau isi 0.",
    en="The {basis} of member {number} cannot be below zero: {value}. Correct it, or write 0.",
)
FILE_MISSING = ErrorType(
    "shu.file_missing", 404, id="Berkas {path} tidak ada.", en="There is no file {path}."
)
FILE_NOT_READABLE = ErrorType(
    "shu.file_not_readable",
    422,
    id="Berkas {path} tidak bisa dibaca: {reason}.",
    en="The file {path} cannot be read: {reason}.",
)
NOT_JSON = ErrorType(
    "shu.not_json",
    422,
    id="Berkas ini bukan JSON yang utuh: {reason}.",
    en="The file is not whole JSON: {reason}.",
)
WRONG_SHAPE = ErrorType(
    "shu.wrong_shape", 422, id="{where} harus berupa {wanted}.", en="{where} must be {wanted}."
)
KEY_MISSING = ErrorType(
    "shu.key_missing", 422, id='{where} belum berisi "{key}".', en='{where} lacks "{key}".'
)
KEY_UNKNOWN = ErrorType(
    "shu.key_unknown",
    422,
    id='{where} berisi "{key}" yang tidak dikenal. Yang dikenal: {known}.',
    en='{where} has an unknown "{key}". Known are: {known}.',
)
KEY_TWICE = ErrorType("shu.key_twice", 422, id='"{key}" tertulis dua kali.', en='"{key}" is there twice.')
YEAR_AHEAD = ErrorType(
    "shu.year_ahead",
    409,
    id="Tahun {year} belum tiba. Pilih {now} atau tahun sebelumnya.",
    en="The year {year} has not begun. Choose {now} or an earlier one.",
)
YEAR_TOO_OLD = ErrorType(
    "shu.year_too_old", 422, id="Tahun {year} bukan tahun buku.", en="{year} is not a book year."
)
NO_SUCH_DRAFT = ErrorType(
    "shu.no_such_draft",
    404,
    id="Rancangan SHU tahun {year} itu tidak ada. Buka daftar SHU untuk melihat yang ada.",
    en="There is no such draft for {year}. The list of drafts shows those there are.",
)
NO_SUCH_SHARE = ErrorType(
    "shu.no_such_share",
    404,
    id="Anggota ini tidak ada dalam rancangan itu.",
    en="This member is not in that draft.",
)
