"""What a set of bylaws may not say, and how we tell the officer who wrote it."""

from kernel.errors import ErrorType

BYLAWS_NOT_VALID = ErrorType(
    "governance.bylaws_not_valid",
    422,
    id="Anggaran dasar belum benar: {problems}",
    en="The bylaws are not right yet: {problems}",
)
ALLOCATION_EMPTY = ErrorType(
    "governance.allocation_empty",
    422,
    id="Pembagian SHU belum berisi satu bagian pun.",
    en="The allocation of the surplus has no line yet.",
)
ALLOCATION_NOT_100 = ErrorType(
    "governance.allocation_not_100",
    422,
    id="Pembagian SHU berjumlah {total} %, seharusnya 100 %.",
    en="The allocation adds up to {total} %, it must be 100 %.",
)
PERCENTAGE_NEGATIVE = ErrorType(
    "governance.percentage_negative",
    422,
    id="Persentase {line} tidak boleh kurang dari nol: {percent} %.",
    en="The percentage of {line} cannot be below zero: {percent} %.",
)
PERCENTAGE_NOT_A_NUMBER = ErrorType(
    "governance.percentage_not_a_number",
    422,
    id="Persentase {line} bukan bilangan: {percent}. Tulis seperti 25 atau 2.5.",
    en="The percentage of {line} is not a number: {percent}. Write it like 25 or 2.5.",
)
PERCENTAGE_TOO_FINE = ErrorType(
    "governance.percentage_too_fine",
    422,
    id="Persentase {line} memakai lebih dari {decimals} angka di belakang koma.",
    en="The percentage of {line} has more than {decimals} decimals.",
)
LINE_TWICE = ErrorType(
    "governance.line_twice",
    422,
    id="Bagian {line} tertulis dua kali. Gabungkan menjadi satu.",
    en="The line {line} is there twice. Make it one.",
)
CODE_NOT_PLAIN = ErrorType(
    "governance.code_not_plain",
    422,
    id="Kode “{code}” hanya boleh memakai huruf kecil a-z dan garis bawah.",
    en="The code “{code}” may use only the letters a-z and underscores.",
)
LABEL_MISSING = ErrorType(
    "governance.label_missing",
    422,
    id="Bagian {code} belum punya nama.",
    en="The line {code} has no name yet.",
)
BASIS_MISSING = ErrorType(
    "governance.basis_missing",
    422,
    id="{line} dibagikan kepada anggota: pilih dasarnya, yaitu simpanan, belanja atau pinjaman.",
    en="{line} goes to the members: choose what it is divided by, savings, purchases or loans.",
)
BASIS_UNWANTED = ErrorType(
    "governance.basis_unwanted",
    422,
    id="{line} tidak dibagikan kepada anggota, jadi tidak boleh punya dasar pembagian.",
    en="{line} does not go to the members, so it cannot have a basis to divide by.",
)
ACCOUNT_NOT_A_CODE = ErrorType(
    "governance.account_not_a_code",
    422,
    id="Akun {line} harus berupa empat angka, bukan “{account}”.",
    en="The account of {line} must be four digits, not “{account}”.",
)
SAVINGS_BASIS_EMPTY = ErrorType(
    "governance.savings_basis_empty",
    422,
    id="Pilih simpanan mana yang dihitung untuk jasa modal.",
    en="Choose which savings count for the return on savings.",
)
NO_PAYMENT_WAY = ErrorType(
    "governance.no_payment_way",
    422,
    id="Pilih paling sedikit satu cara bayar.",
    en="Choose at least one way of paying.",
)
CHOSEN_TWICE = ErrorType(
    "governance.chosen_twice",
    422,
    id="{choice} dipilih dua kali.",
    en="{choice} is chosen twice.",
)
DEPOSIT_NEGATIVE = ErrorType(
    "governance.deposit_negative",
    422,
    id="{deposit} tidak boleh kurang dari nol: {amount}.",
    en="{deposit} cannot be below zero: {amount}.",
)
OUT_OF_RANGE = ErrorType(
    "governance.out_of_range",
    422,
    id="{rule} harus antara {least} dan {most}, bukan {value}.",
    en="{rule} must be between {least} and {most}, not {value}.",
)
NO_SUCH_TEMPLATE = ErrorType(
    "governance.no_such_template",
    422,
    id="Tidak ada contoh anggaran dasar “{template}”. Yang ada: {known}.",
    en="There are no bylaws to start from called “{template}”. Known are: {known}.",
)
NO_SUCH_VERSION = ErrorType(
    "governance.no_such_version",
    404,
    id="Anggaran dasar versi {version} tidak ada.",
    en="There is no version {version} of the bylaws.",
)
CHANGED_MEANWHILE = ErrorType(
    "governance.changed_meanwhile",
    409,
    id="Sementara Anda mengubah, {by} sudah menetapkan versi {version}. Buka versi itu dulu, lalu ulangi "
    "perubahan Anda.",
    en="While you were changing the bylaws, {by} adopted version {version}. Read it first, then make your "
    "change again.",
)
NOTHING_CHANGED = ErrorType(
    "governance.nothing_changed",
    409,
    id="Belum ada aturan yang berubah, jadi tidak ada yang perlu ditetapkan.",
    en="No rule has changed, so there is nothing to adopt.",
)
DATE_IN_THE_PAST = ErrorType(
    "governance.date_in_the_past",
    422,
    id="Tanggal berlaku {date} sudah lewat. Pilih hari ini atau sesudahnya.",
    en="{date} is past. Choose today or a later day.",
)
BEFORE_LATEST_VERSION = ErrorType(
    "governance.before_latest_version",
    422,
    id="Sudah ada versi yang berlaku mulai {latest}. Pilih tanggal itu atau sesudahnya, bukan {date}.",
    en="There is already a version in force from {latest}. Choose that day or a later one, not {date}.",
)
