"""What the books decline."""

from kernel.errors import ErrorType

UNBALANCED = ErrorType(
    "ledger.unbalanced",
    500,
    id="Jurnal “{key}” tidak seimbang: debit {debit}, kredit {credit}. Tidak ada yang dicatat.",
    en="The journal “{key}” does not balance: debit {debit}, credit {credit}. Nothing was posted.",
)
NOT_A_JOURNAL = ErrorType(
    "ledger.not_a_journal",
    500,
    id="Jurnal “{key}” harus punya paling sedikit dua baris, masing-masing lebih dari nol.",
    en="The journal “{key}” needs at least two lines, each above zero.",
)
BELOW_FLOOR = ErrorType(
    "ledger.below_floor",
    409,
    id="Saldo tidak cukup pada akun {account}. Tidak ada yang dicatat.",
    en="The balance on account {account} is not enough. Nothing was posted.",
)
YEAR_CLOSED = ErrorType(
    "ledger.year_closed",
    409,
    id="Tahun buku {year} sudah ditutup. Pakai tanggal di tahun yang masih terbuka.",
    en="The book year {year} is closed. Use a date in a year that is still open.",
)
UNKNOWN_ACCOUNT = ErrorType(
    "ledger.unknown_account",
    422,
    id="Akun {account} tidak ada, atau barisnya tidak menyebut anggota.",
    en="There is no account {account}, or its line does not say which member.",
)
KEY_REUSED = ErrorType(
    "ledger.key_reused",
    409,
    id="Catatan “{key}” sudah ada dengan isi lain. Periksa sebelum mencatat lagi.",
    en="The entry “{key}” exists already with other lines. Check it before posting again.",
)
NOT_A_MIRROR = ErrorType(
    "ledger.not_a_mirror",
    500,
    id="Pembalikan “{key}” tidak sama dengan kebalikan jurnal asalnya. Tidak ada yang dicatat.",
    en="The reversal “{key}” is not the mirror of the journal it takes back. Nothing was posted.",
)
NO_SUCH_JOURNAL = ErrorType(
    "ledger.no_such_journal",
    404,
    id="Jurnal {number} tidak ada.",
    en="There is no journal {number}.",
)
ALREADY_REVERSED = ErrorType(
    "ledger.already_reversed",
    409,
    id="Jurnal {number} sudah pernah dibalik.",
    en="Journal {number} has been reversed already.",
)
YEAR_NOT_OVER = ErrorType(
    "ledger.year_not_over",
    409,
    id="Tahun buku {year} belum berakhir. Tutup setelah tanggal 31 Desember.",
    en="The book year {year} is not over. Close it after 31 December.",
)
ONLY_MANUAL_JOURNALS = ErrorType(
    "ledger.only_manual_journals",
    409,
    id="Jurnal {number} dibuat oleh bagian lain dari Lumbung. Batalkan di tempat asalnya, supaya stok dan "
    "simpanan ikut benar.",
    en="Journal {number} was made by another part of Lumbung. Undo it where it came from, so that stock "
    "and savings follow.",
)
REASON_NEEDED = ErrorType("ledger.reason_needed", 422, id="Tulis alasannya.", en="Write the reason.")
NOT_AN_ENTRY_ACCOUNT = ErrorType(
    "ledger.not_an_entry_account",
    422,
    id="Akun {account} tidak dipakai untuk catatan tangan. Pilih salah satu dari daftar.",
    en="Account {account} is not for entries by hand. Choose one from the list.",
)
AMOUNT_NEEDED = ErrorType(
    "ledger.amount_needed", 422, id="Jumlahnya harus lebih dari nol.", en="The amount must be above zero."
)
DAY_AHEAD = ErrorType("ledger.day_ahead", 422, id="Tanggal {day} belum tiba.", en="{day} is still to come.")
DAY_TOO_EARLY = ErrorType(
    "ledger.day_too_early",
    422,
    id="Tanggal ini terlalu lampau: paling awal {first}. Periksa tahunnya.",
    en="This day is too long ago: {first} at the earliest. Check the year.",
)
NO_SUCH_ACCOUNT = ErrorType(
    "ledger.no_such_account", 404, id="Akun {account} tidak ada.", en="There is no account {account}."
)
NO_SUCH_YEAR = ErrorType(
    "ledger.no_such_year", 404, id="Tidak ada tahun buku {year}.", en="There is no book year {year}."
)
