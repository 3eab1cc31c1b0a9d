"""What the statements of a bank or an acquirer are refused for."""

from kernel.errors import ErrorType

NO_TABLE = ErrorType(
    "payments.statement_no_table",
    422,
    id="Di berkas ini tidak ada tabel mutasi. Unduh mutasi rekening sebagai CSV dari bank, lalu kirim "
    "berkas itu apa adanya.",
    en="This file holds no table of movements. Download the account statement as CSV from the bank and "
    "send that file as it is.",
)
NO_LINES = ErrorType(
    "payments.statement_no_lines",
    422,
    id="Tabel mutasi di berkas ini kosong. Pilih tanggal yang ada mutasinya, lalu unduh lagi dari bank.",
    en="The table of movements in this file is empty. Choose days that have movements and download it "
    "again from the bank.",
)
NOT_A_DATE = ErrorType(
    "payments.statement_not_a_day",
    422,
    id="“{text}” bukan tanggal.",
    en="“{text}” is not a date.",
)
YEAR_UNKNOWN = ErrorType(
    "payments.statement_year_unknown",
    422,
    id="Tanggal {text} tidak memuat tahun, dan berkas ini tidak menyebut periodenya. Unduh lagi berkas "
    "yang memuat baris “Periode”.",
    en="The date {text} has no year, and this file does not tell its period. Download one again that has "
    "the line “Periode”.",
)
DATE_OUTSIDE_PERIOD = ErrorType(
    "payments.statement_day_outside_period",
    422,
    id="Tanggal {text} di luar periode berkas ini, {first} sampai {last}.",
    en="The date {text} is outside the period of this file, {first} to {last}.",
)
DATE_IN_FUTURE = ErrorType(
    "payments.statement_day_ahead",
    422,
    id="Tanggal {day} belum tiba. Mungkin hari dan bulannya terbalik: periksa pilihan kolomnya.",
    en="The date {day} is still to come. Day and month may be exchanged: check the choice of columns.",
)
NOT_AN_AMOUNT = ErrorType(
    "payments.statement_not_money",
    422,
    id="“{text}” bukan jumlah uang.",
    en="“{text}” is not an amount of money.",
)
NO_AMOUNT = ErrorType(
    "payments.statement_no_amount",
    422,
    id="Baris ini bertanggal tetapi tidak memuat jumlah uang.",
    en="This line has a date but no amount of money.",
)
BOTH_DEBIT_AND_CREDIT = ErrorType(
    "payments.statement_both_ways",
    422,
    id="Baris ini memuat uang masuk dan uang keluar sekaligus.",
    en="This line has money coming in and going out at once.",
)
NO_DEBIT_CREDIT_MARK = ErrorType(
    "payments.statement_not_marked",
    422,
    id="Tidak tertulis apakah uang di baris ini masuk (CR) atau keluar (DB).",
    en="It does not say whether the money of this line came in (CR) or went out (DB).",
)
NO_SUCH_COLUMN = ErrorType(
    "payments.statement_no_such_column",
    422,
    id="Pilih kolom yang ada di berkas ini.",
    en="Choose a column of this file.",
)
COLUMN_TWICE = ErrorType(
    "payments.statement_column_twice",
    422,
    id="Satu kolom dipilih untuk dua hal. Tanggal, keterangan dan jumlah ada di kolom yang berbeda.",
    en="One column is chosen for two things. Date, text and amount stand in different columns.",
)
AMOUNT_COLUMN_MISSING = ErrorType(
    "payments.statement_amount_column_missing",
    422,
    id="Pilih kolom jumlah, atau kolom uang masuk.",
    en="Choose the column of the amount, or the one of money coming in.",
)
BAD_LINES = ErrorType(
    "payments.statement_bad_lines",
    422,
    id="Ada {count} baris yang tidak terbaca, jadi belum ada yang dicatat. Yang pertama: baris {line}. "
    "{reason}",
    en="{count} lines cannot be read, so nothing was recorded. The first: line {line}. {reason}",
)
LAYOUT_UNKNOWN = ErrorType(
    "payments.statement_layout_unknown",
    422,
    id="Susunan kolom berkas ini belum dikenal. Pilih dulu kolom tanggal, keterangan dan jumlahnya.",
    en="The columns of this file are not known yet. First choose those of the date, the text and the amount.",
)
LAYOUT_KNOWN = ErrorType(
    "payments.statement_layout_known",
    409,
    id="Ini mutasi {bank}, kolomnya sudah dikenal.",
    en="This is a statement of {bank}, its columns are known.",
)
METHOD_HAS_NO_STATEMENT = ErrorType(
    "payments.way_has_no_statement",
    422,
    id="Cara membayar ini tidak punya mutasi. Pilih transfer bank atau QRIS.",
    en="This way of paying has no statement. Choose bank transfer or QRIS.",
)
NO_SUCH_LINE = ErrorType(
    "payments.no_such_line", 404, id="Baris mutasi ini tidak ada.", en="There is no such statement line."
)
LINE_ALREADY_RESOLVED = ErrorType(
    "payments.line_decided",
    409,
    id="Baris ini sudah diputuskan: {state}. Muat ulang halamannya.",
    en="This line is decided already: {state}. Open the page again.",
)
LINE_NOT_PAYABLE = ErrorType(
    "payments.line_went_out",
    409,
    id="Baris ini bukan uang masuk dalam rupiah bulat, jadi tidak bisa membayar apa pun.",
    en="This line is no money coming in by whole rupiah, so it cannot pay anything.",
)
METHOD_DIFFERS = ErrorType(
    "payments.line_other_way",
    409,
    id="Pembayaran {reference} memakai cara lain ({method}). Pilih pembayaran lewat cara yang sama dengan "
    "mutasinya.",
    en="Payment {reference} goes another way ({method}). Choose one of the statement's own way.",
)
AMOUNT_DIFFERS = ErrorType(
    "payments.line_amount_differs",
    409,
    id="Baris ini {amount}, sedangkan pembayaran {reference} {asked}. Yang tidak sama jumlahnya tidak "
    "bisa dicocokkan:"
    " sisihkan barisnya dengan catatan, lalu bereskan dengan pembelinya.",
    en="This line is {amount}, payment {reference} is {asked}. What differs cannot be matched: set the "
    "line aside with a note,"
    " and settle it with the buyer.",
)
PAYMENT_ALREADY_MATCHED = ErrorType(
    "payments.payment_seen",
    409,
    id="Uang pembayaran {reference} sudah terlihat pada baris mutasi yang lain.",
    en="The money of payment {reference} has been seen in another statement line.",
)
