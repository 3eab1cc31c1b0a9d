"""Errors of credit, counter payments and payroll deductions."""

from kernel.errors import ErrorType

COUNTER_AMOUNT_NEEDED = ErrorType(
    "payments.counter_amount_needed",
    422,
    "Tulis jumlah yang dibayar.",
)
OWES_NOTHING = ErrorType(
    "payments.owes_nothing",
    409,
    "{name} tidak punya utang kasbon. Uangnya bisa diisikan ke dompetnya.",
)
MORE_THAN_OWED = ErrorType(
    "payments.more_than_owed",
    409,
    "Utang kasbon {name} {owed}. Terima sebanyak itu; selebihnya bisa diisikan ke dompetnya.",
)
WALLET_NOT_OPEN = ErrorType(
    "payments.wallet_not_open",
    409,
    "Dompet anggota belum dibuka. Buka di halaman Cara membayar, dan pastikan anggaran dasar mengizinkannya.",
)
NOT_ACTIVE = ErrorType(
    "payments.not_active",
    409,
    "{name} bukan anggota lagi. Dompetnya tidak bisa diisi.",
)
PAYROLL_NUMBER_TAKEN = ErrorType(
    "payments.payroll_number_taken",
    409,
    "Nomor pegawai {number} sudah dipakai {name}. Periksa nomornya.",
)


PAYROLL_NOT_IN_PLAN = ErrorType(
    "payments.payroll_not_in_plan",
    409,
    "Paket koperasi Anda tidak memuat potong gaji. Ganti paket dulu di halaman Paket; berkas yang "
    "sudah dikirim tetap bisa diselesaikan.",
)
NOTHING_TO_ASK = ErrorType(
    "payments.nothing_to_ask",
    409,
    "Tidak ada yang menunggu dipotong. Berkas dibuat sesudah ada belanja dengan potong gaji.",
)
NO_SUCH_BATCH = ErrorType("payments.no_such_batch", 404, "Berkas potongan ini tidak ada.")
NO_SUCH_DIFFERENCE = ErrorType("payments.no_such_difference", 404, "Selisih ini tidak ada.")
ALREADY_RETURNED = ErrorType(
    "payments.returned_already",
    409,
    "Balasan untuk berkas ini sudah dicatat, dan isinya lain. Kalau pemberi kerja mengirim koreksi, "
    "catat selisihnya di halaman Buku.",
)
RETURN_HAS_BAD_LINES = ErrorType(
    "payments.return_has_bad_lines",
    422,
    "{count} baris belum bisa dibaca. Betulkan dulu, supaya jumlahnya sama dengan uang yang diterima.",
    counted="count",
)
RETURN_EMPTY = ErrorType("payments.return_empty", 422, "Berkas ini tidak memuat satu orang pun.")
DATE_IN_FUTURE = ErrorType(
    "payments.day_ahead",
    422,
    "Tanggal ini belum tiba. Pakai tanggal uangnya masuk ke bank.",
)
NO_NUMBER = ErrorType(
    "payments.return_line_has_no_number",
    422,
    "Baris ini tidak punya nomor anggota dan nomor pegawai. Kalau ini baris jumlah, hapus.",
)
NO_DEDUCTED_AMOUNT = ErrorType(
    "payments.return_line_is_empty",
    422,
    "Kolom dipotong kosong. Tulis jumlah yang dipotong; 0 kalau tidak dipotong.",
)
DECISION_NOT_ALLOWED = ErrorType(
    "payments.not_this_decision",
    409,
    "Pilihan itu tidak berlaku untuk selisih ini. Pilih yang lain.",
)
SETTLED_DIFFERENTLY = ErrorType(
    "payments.settled_otherwise",
    409,
    "Selisih ini sudah diselesaikan dengan cara lain.",
)
NO_MEMBER_OF_NUMBER = ErrorType(
    "payments.no_member_of_number",
    422,
    "Tidak ada anggota dengan nomor {number}. Periksa nomornya.",
)
NO_MEMBER_WALLET = ErrorType(
    "payments.wallet_of_nobody",
    409,
    "{name} bukan anggota lagi, jadi dompetnya tidak bisa diisi. Kembalikan lewat bank.",
)
