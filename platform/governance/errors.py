"""Errors of bylaws: what a set of rules must not contain, and refused adoptions."""

from kernel.errors import ErrorType

BYLAWS_NOT_VALID = ErrorType(
    "governance.bylaws_not_valid",
    422,
    "Anggaran dasar belum benar: {problems}",
)
ALLOCATION_EMPTY = ErrorType(
    "governance.allocation_empty",
    422,
    "Pembagian SHU belum berisi satu bagian pun.",
)
ALLOCATION_NOT_100 = ErrorType(
    "governance.allocation_not_100",
    422,
    "Pembagian SHU berjumlah {total} %, seharusnya 100 %.",
)
PERCENTAGE_NEGATIVE = ErrorType(
    "governance.percentage_negative",
    422,
    "Persentase {line} tidak boleh kurang dari nol: {percent} %.",
)
PERCENTAGE_NOT_A_NUMBER = ErrorType(
    "governance.percentage_not_a_number",
    422,
    "Persentase {line} bukan bilangan: {percent}. Tulis seperti 25 atau 2.5.",
)
PERCENTAGE_TOO_FINE = ErrorType(
    "governance.percentage_too_fine",
    422,
    "Persentase {line} memakai lebih dari {decimals} angka di belakang koma.",
)
LINE_TWICE = ErrorType(
    "governance.line_twice",
    422,
    "Bagian {line} tertulis dua kali. Gabungkan menjadi satu.",
)
CODE_NOT_PLAIN = ErrorType(
    "governance.code_not_plain",
    422,
    "Kode “{code}” hanya boleh memakai huruf kecil a-z dan garis bawah.",
)
LABEL_MISSING = ErrorType(
    "governance.label_missing",
    422,
    "Bagian {code} belum punya nama.",
)
BASIS_MISSING = ErrorType(
    "governance.basis_missing",
    422,
    "{line} dibagikan kepada anggota: pilih dasarnya, yaitu simpanan, belanja atau pinjaman.",
)
BASIS_UNWANTED = ErrorType(
    "governance.basis_unwanted",
    422,
    "{line} tidak dibagikan kepada anggota, jadi tidak boleh punya dasar pembagian.",
)
ACCOUNT_NOT_A_CODE = ErrorType(
    "governance.account_not_a_code",
    422,
    "Akun {line} harus berupa empat angka, bukan “{account}”.",
)
SAVINGS_BASIS_EMPTY = ErrorType(
    "governance.savings_basis_empty",
    422,
    "Pilih simpanan mana yang dihitung untuk jasa modal.",
)
NO_PAYMENT_METHOD = ErrorType(
    "governance.no_payment_way",
    422,
    "Pilih paling sedikit satu cara bayar.",
)
CHOSEN_TWICE = ErrorType(
    "governance.chosen_twice",
    422,
    "{choice} dipilih dua kali.",
)
DEPOSIT_NEGATIVE = ErrorType(
    "governance.deposit_negative",
    422,
    "{deposit} tidak boleh kurang dari nol: {amount}.",
)
OUT_OF_RANGE = ErrorType(
    "governance.out_of_range",
    422,
    "{rule} harus antara {least} dan {most}, bukan {value}.",
)
NO_SUCH_TEMPLATE = ErrorType(
    "governance.no_such_template",
    422,
    "Tidak ada contoh anggaran dasar “{template}”. Yang ada: {known}.",
)
NO_SUCH_VERSION = ErrorType(
    "governance.no_such_version",
    404,
    "Anggaran dasar versi {version} tidak ada.",
)
CHANGED_MEANWHILE = ErrorType(
    "governance.changed_meanwhile",
    409,
    "Sementara Anda mengubah, {by} sudah menetapkan versi {version}. Buka versi itu dulu, lalu ulangi "
    "perubahan Anda.",
)
NOTHING_CHANGED = ErrorType(
    "governance.nothing_changed",
    409,
    "Belum ada aturan yang berubah, jadi tidak ada yang perlu ditetapkan.",
)
DATE_IN_THE_PAST = ErrorType(
    "governance.date_in_the_past",
    422,
    "Tanggal berlaku {date} sudah lewat. Pilih hari ini atau sesudahnya.",
)
BEFORE_LATEST_VERSION = ErrorType(
    "governance.before_latest_version",
    422,
    "Sudah ada versi yang berlaku mulai {latest}. Pilih tanggal itu atau sesudahnya, bukan {date}.",
)
