"""Errors of the ledger."""

from kernel.errors import ErrorType

UNBALANCED = ErrorType(
    "ledger.unbalanced",
    500,
    "Jurnal “{key}” tidak seimbang: debit {debit}, kredit {credit}. Tidak ada yang dicatat.",
)
NOT_A_JOURNAL = ErrorType(
    "ledger.not_a_journal",
    500,
    "Jurnal “{key}” harus punya paling sedikit dua baris, masing-masing lebih dari nol.",
)
BELOW_FLOOR = ErrorType(
    "ledger.below_floor",
    409,
    "Saldo tidak cukup pada akun {account}. Tidak ada yang dicatat.",
)
YEAR_CLOSED = ErrorType(
    "ledger.year_closed",
    409,
    "Tahun buku {year} sudah ditutup. Pakai tanggal di tahun yang masih terbuka.",
)
UNKNOWN_ACCOUNT = ErrorType(
    "ledger.unknown_account",
    422,
    "Akun {account} tidak ada, atau barisnya tidak menyebut anggota.",
)
KEY_REUSED = ErrorType(
    "ledger.key_reused",
    409,
    "Catatan “{key}” sudah ada dengan isi lain. Periksa sebelum mencatat lagi.",
)
NOT_A_REVERSAL = ErrorType(
    "ledger.not_a_mirror",
    500,
    "Pembalikan “{key}” tidak sama dengan kebalikan jurnal asalnya. Tidak ada yang dicatat.",
)
NO_SUCH_JOURNAL = ErrorType(
    "ledger.no_such_journal",
    404,
    "Jurnal {number} tidak ada.",
)
ALREADY_REVERSED = ErrorType(
    "ledger.already_reversed",
    409,
    "Jurnal {number} sudah pernah dibalik.",
)
YEAR_NOT_OVER = ErrorType(
    "ledger.year_not_over",
    409,
    "Tahun buku {year} belum berakhir. Tutup setelah tanggal 31 Desember.",
)
ONLY_MANUAL_JOURNALS = ErrorType(
    "ledger.only_manual_journals",
    409,
    "Jurnal {number} dibuat oleh bagian lain dari Lumbung. Batalkan di tempat asalnya, supaya stok dan "
    "simpanan ikut benar.",
)
REASON_NEEDED = ErrorType("ledger.reason_needed", 422, "Tulis alasannya.")
NOT_AN_ENTRY_ACCOUNT = ErrorType(
    "ledger.not_an_entry_account",
    422,
    "Akun {account} tidak dipakai untuk catatan tangan. Pilih salah satu dari daftar.",
)
AMOUNT_NEEDED = ErrorType("ledger.amount_needed", 422, "Jumlahnya harus lebih dari nol.")
DAY_AHEAD = ErrorType("ledger.day_ahead", 422, "Tanggal {day} belum tiba.")
DAY_TOO_EARLY = ErrorType(
    "ledger.day_too_early",
    422,
    "Tanggal ini terlalu lampau: paling awal {first}. Periksa tahunnya.",
)
NO_SUCH_ACCOUNT = ErrorType("ledger.no_such_account", 404, "Akun {account} tidak ada.")
NO_SUCH_YEAR = ErrorType("ledger.no_such_year", 404, "Tidak ada tahun buku {year}.")
