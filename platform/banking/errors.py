"""Errors of bank statements and of payouts recorded by hand."""

from kernel.errors import ErrorType

NO_TABLE = ErrorType(
    "payments.statement_no_table",
    422,
    "Di berkas ini tidak ada tabel mutasi. Unduh mutasi rekening sebagai CSV dari bank, lalu kirim "
    "berkas itu apa adanya.",
)
NO_LINES = ErrorType(
    "payments.statement_no_lines",
    422,
    "Tabel mutasi di berkas ini kosong. Pilih tanggal yang ada mutasinya, lalu unduh lagi dari bank.",
)
NOT_A_DATE = ErrorType(
    "payments.statement_not_a_day",
    422,
    "“{text}” bukan tanggal.",
)
YEAR_UNKNOWN = ErrorType(
    "payments.statement_year_unknown",
    422,
    "Tanggal {text} tidak memuat tahun, dan berkas ini tidak menyebut periodenya. Unduh lagi berkas "
    "yang memuat baris “Periode”.",
)
DATE_OUTSIDE_PERIOD = ErrorType(
    "payments.statement_day_outside_period",
    422,
    "Tanggal {text} di luar periode berkas ini, {first} sampai {last}.",
)
DATE_IN_FUTURE = ErrorType(
    "payments.statement_day_ahead",
    422,
    "Tanggal {day} belum tiba. Mungkin hari dan bulannya terbalik: periksa pilihan kolomnya.",
)
NOT_AN_AMOUNT = ErrorType(
    "payments.statement_not_money",
    422,
    "“{text}” bukan jumlah uang.",
)
NO_AMOUNT = ErrorType(
    "payments.statement_no_amount",
    422,
    "Baris ini bertanggal tetapi tidak memuat jumlah uang.",
)
BOTH_DEBIT_AND_CREDIT = ErrorType(
    "payments.statement_both_ways",
    422,
    "Baris ini memuat uang masuk dan uang keluar sekaligus.",
)
NO_DEBIT_CREDIT_MARK = ErrorType(
    "payments.statement_not_marked",
    422,
    "Tidak tertulis apakah uang di baris ini masuk (CR) atau keluar (DB).",
)
NO_SUCH_COLUMN = ErrorType(
    "payments.statement_no_such_column",
    422,
    "Pilih kolom yang ada di berkas ini.",
)
COLUMN_TWICE = ErrorType(
    "payments.statement_column_twice",
    422,
    "Satu kolom dipilih untuk dua hal. Tanggal, keterangan dan jumlah ada di kolom yang berbeda.",
)
AMOUNT_COLUMN_MISSING = ErrorType(
    "payments.statement_amount_column_missing",
    422,
    "Pilih kolom jumlah, atau kolom uang masuk.",
)
BAD_LINES = ErrorType(
    "payments.statement_bad_lines",
    422,
    "Ada {count} baris yang tidak terbaca, jadi belum ada yang dicatat. Yang pertama: baris {line}. {reason}",
    counted="count",
)
LAYOUT_UNKNOWN = ErrorType(
    "payments.statement_layout_unknown",
    422,
    "Susunan kolom berkas ini belum dikenal. Pilih dulu kolom tanggal, keterangan dan jumlahnya.",
)
LAYOUT_KNOWN = ErrorType(
    "payments.statement_layout_known",
    409,
    "Ini mutasi {bank}, kolomnya sudah dikenal.",
)
METHOD_HAS_NO_STATEMENT = ErrorType(
    "payments.way_has_no_statement",
    422,
    "Cara membayar ini tidak punya mutasi. Pilih transfer bank atau QRIS.",
)
NO_SUCH_LINE = ErrorType("payments.no_such_line", 404, "Baris mutasi ini tidak ada.")
LINE_ALREADY_RESOLVED = ErrorType(
    "payments.line_decided",
    409,
    "Baris ini sudah diputuskan: {state}. Muat ulang halamannya.",
)
LINE_NOT_PAYABLE = ErrorType(
    "payments.line_went_out",
    409,
    "Baris ini bukan uang masuk dalam rupiah bulat, jadi tidak bisa membayar apa pun.",
)
METHOD_DIFFERS = ErrorType(
    "payments.line_other_way",
    409,
    "Pembayaran {reference} memakai cara lain ({method}). Pilih pembayaran lewat cara yang sama dengan "
    "mutasinya.",
)
AMOUNT_DIFFERS = ErrorType(
    "payments.line_amount_differs",
    409,
    "Baris ini {amount}, sedangkan pembayaran {reference} {asked}. Yang tidak sama jumlahnya tidak "
    "bisa dicocokkan:"
    " sisihkan barisnya dengan catatan, lalu bereskan dengan pembelinya.",
)
PAYMENT_ALREADY_MATCHED = ErrorType(
    "payments.payment_seen",
    409,
    "Uang pembayaran {reference} sudah terlihat pada baris mutasi yang lain.",
)


PAYOUT_AMOUNT_NEEDED = ErrorType(
    "payments.arrived_nothing",
    422,
    "Tulis jumlah yang masuk rekening.",
)
PAYOUT_EXCEEDS_BALANCE = ErrorType(
    "payments.arrived_too_much",
    409,
    "Menurut buku, yang belum masuk rekening tinggal {left}. Pastikan dulu pembayaran yang belum "
    "dicatat, atau tulis jumlah sebanyak itu.",
)
PAYOUT_IN_FUTURE = ErrorType(
    "payments.arrived_ahead",
    422,
    "Tanggal ini belum tiba. Pakai tanggal uangnya masuk rekening.",
)
PAYOUT_BEFORE_FIRST_PAYMENT = ErrorType(
    "payments.arrived_before",
    422,
    "Pada tanggal ini belum ada uang lewat cara bayar ini; yang pertama tercatat {first}. Periksa "
    "tanggal dan tahunnya.",
)
