"""What is declined about deductions from pay."""

from kernel.errors import ErrorType

PAYROLL_NOT_IN_PLAN = ErrorType(
    "payments.payroll_not_in_plan",
    409,
    id="Paket koperasi Anda tidak memuat potong gaji. Ganti paket dulu di halaman Paket; berkas yang "
    "sudah dikirim tetap bisa diselesaikan.",
    en="Your cooperative's plan does not include payroll deductions. Change the plan first on the page "
    "Plan; files that were sent can still be finished.",
)
NOTHING_TO_ASK = ErrorType(
    "payments.nothing_to_ask",
    409,
    id="Tidak ada yang menunggu dipotong. Berkas dibuat sesudah ada belanja dengan potong gaji.",
    en="Nothing waits to be deducted. A file can be made once somebody has bought with payroll deduction.",
)
NO_SUCH_BATCH = ErrorType(
    "payments.no_such_batch", 404, id="Berkas potongan ini tidak ada.", en="There is no such file."
)
NO_SUCH_DIFFERENCE = ErrorType(
    "payments.no_such_difference", 404, id="Selisih ini tidak ada.", en="There is no such difference."
)
ALREADY_RETURNED = ErrorType(
    "payments.returned_already",
    409,
    id="Balasan untuk berkas ini sudah dicatat, dan isinya lain. Kalau pemberi kerja mengirim koreksi, "
    "catat selisihnya di halaman Buku.",
    en="The answer to this file is recorded already, and says otherwise. If the employer sends a "
    "correction, enter the difference on the page Books.",
)
RETURN_HAS_BAD_LINES = ErrorType(
    "payments.return_has_bad_lines",
    422,
    id="{count} baris belum bisa dibaca. Betulkan dulu, supaya jumlahnya sama dengan uang yang diterima.",
    en="{count} lines cannot be read. Mend them first, so that the sum is the money that came.",
)
RETURN_EMPTY = ErrorType(
    "payments.return_empty", 422, id="Berkas ini tidak memuat satu orang pun.", en="This file holds nobody."
)
DATE_IN_FUTURE = ErrorType(
    "payments.day_ahead",
    422,
    id="Tanggal ini belum tiba. Pakai tanggal uangnya masuk ke bank.",
    en="This day is still to come. Use the day on which the money reached the bank.",
)
NO_NUMBER = ErrorType(
    "payments.return_line_has_no_number",
    422,
    id="Baris ini tidak punya nomor anggota dan nomor pegawai. Kalau ini baris jumlah, hapus.",
    en="This line has neither a member number nor a payroll number. If it is the line of totals, remove it.",
)
NO_DEDUCTED_AMOUNT = ErrorType(
    "payments.return_line_is_empty",
    422,
    id="Kolom dipotong kosong. Tulis jumlah yang dipotong; 0 kalau tidak dipotong.",
    en="The column dipotong is empty. Write what was deducted; 0 if nothing was.",
)
DECISION_NOT_ALLOWED = ErrorType(
    "payments.not_this_decision",
    409,
    id="Pilihan itu tidak berlaku untuk selisih ini. Pilih yang lain.",
    en="This choice does not fit this difference. Choose another one.",
)
SETTLED_DIFFERENTLY = ErrorType(
    "payments.settled_otherwise",
    409,
    id="Selisih ini sudah diselesaikan dengan cara lain.",
    en="This difference has been settled in another way.",
)
NO_MEMBER_OF_NUMBER = ErrorType(
    "payments.no_member_of_number",
    422,
    id="Tidak ada anggota dengan nomor {number}. Periksa nomornya.",
    en="There is no member with the number {number}. Check the number.",
)
NO_MEMBER_WALLET = ErrorType(
    "payments.wallet_of_nobody",
    409,
    id="{name} bukan anggota lagi, jadi dompetnya tidak bisa diisi. Kembalikan lewat bank.",
    en="{name} is no member any more, so their wallet cannot be filled. Give it back by bank.",
)
