"""Errors of the operators' pages and commands."""

from kernel.errors import ErrorType

WRONG_SIGN_IN = ErrorType(
    "operators.wrong_sign_in",
    401,
    "Nomor HP atau kata sandi tidak cocok. Periksa keduanya, lalu coba lagi.",
)
PHONE_TAKEN = ErrorType(
    "operators.phone_taken",
    409,
    "Sudah ada operator dengan nomor {phone}.",
)
NAME_NEEDED = ErrorType("operators.name_needed", 422, "Nama operator belum diisi.")
NO_SUCH_COOPERATIVE = ErrorType(
    "operators.no_such_cooperative",
    404,
    "Tidak ada koperasi dengan alamat “{slug}”.",
)
NOT_WAITING = ErrorType(
    "operators.not_waiting",
    409,
    "{name} tidak sedang menunggu persetujuan. Tidak ada yang berubah.",
)
NOT_OPEN = ErrorType(
    "operators.not_open",
    409,
    "{name} tidak sedang berjalan, jadi tidak bisa ditangguhkan.",
)
ALREADY_SUSPENDED = ErrorType(
    "operators.already_suspended",
    409,
    "{name} sudah ditangguhkan. Tidak ada yang berubah.",
)
NOT_SUSPENDED = ErrorType(
    "operators.not_suspended",
    409,
    "{name} sedang berjalan, tidak ditangguhkan. Tidak ada yang berubah.",
)
REASON_NEEDED = ErrorType(
    "operators.reason_needed",
    422,
    "Tulis alasannya: pengurus koperasi akan membacanya.",
)
NO_SUCH_FAILED_JOB = ErrorType(
    "operators.no_such_failed_job",
    404,
    "Pekerjaan ini sudah tidak ada di daftar: sudah dicoba lagi atau dibuang.",
)
