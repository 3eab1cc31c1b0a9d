"""What the books decline."""

from kernel.errors import Kind

UNBALANCED = Kind(
    "ledger.unbalanced",
    500,
    id="Jurnal “{key}” tidak seimbang: debit {debit}, kredit {credit}. Tidak ada yang dicatat.",
    en="The journal “{key}” does not balance: debit {debit}, credit {credit}. Nothing was posted.",
)
NOT_A_JOURNAL = Kind(
    "ledger.not_a_journal",
    500,
    id="Jurnal “{key}” harus punya paling sedikit dua baris, masing-masing lebih dari nol.",
    en="The journal “{key}” needs at least two lines, each above zero.",
)
BELOW_FLOOR = Kind(
    "ledger.below_floor",
    409,
    id="Saldo tidak cukup pada akun {account}. Tidak ada yang dicatat.",
    en="The balance on account {account} is not enough. Nothing was posted.",
)
YEAR_CLOSED = Kind(
    "ledger.year_closed",
    409,
    id="Tahun buku {year} sudah ditutup. Pakai tanggal di tahun yang masih terbuka.",
    en="The book year {year} is closed. Use a date in a year that is still open.",
)
UNKNOWN_ACCOUNT = Kind(
    "ledger.unknown_account",
    422,
    id="Akun {account} tidak ada, atau barisnya tidak menyebut anggota.",
    en="There is no account {account}, or its line does not say which member.",
)
KEY_REUSED = Kind(
    "ledger.key_reused",
    409,
    id="Catatan “{key}” sudah ada dengan jumlah lain. Periksa sebelum mencatat lagi.",
    en="The entry “{key}” exists already with another amount. Check it before posting again.",
)
NO_SUCH_JOURNAL = Kind(
    "ledger.no_such_journal",
    404,
    id="Jurnal {number} tidak ada.",
    en="There is no journal {number}.",
)
ALREADY_REVERSED = Kind(
    "ledger.already_reversed",
    409,
    id="Jurnal {number} sudah pernah dibalik.",
    en="Journal {number} has been reversed already.",
)
