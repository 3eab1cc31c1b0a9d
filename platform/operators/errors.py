"""What operators' pages and commands decline."""

from kernel.errors import ErrorType

WRONG_SIGN_IN = ErrorType(
    "operators.wrong_sign_in",
    401,
    id="Nomor HP atau kata sandi tidak cocok. Periksa keduanya, lalu coba lagi.",
    en="Phone number or password do not match. Check both and try again.",
)
PHONE_TAKEN = ErrorType(
    "operators.phone_taken",
    409,
    id="Sudah ada operator dengan nomor {phone}.",
    en="There is already an operator with the number {phone}.",
)
NAME_NEEDED = ErrorType(
    "operators.name_needed", 422, id="Nama operator belum diisi.", en="The operator's name is missing."
)
NO_SUCH_COOPERATIVE = ErrorType(
    "operators.no_such_cooperative",
    404,
    id="Tidak ada koperasi dengan alamat “{slug}”.",
    en="There is no cooperative with the address “{slug}”.",
)
NOT_WAITING = ErrorType(
    "operators.not_waiting",
    409,
    id="{name} tidak sedang menunggu persetujuan. Tidak ada yang berubah.",
    en="{name} is not waiting for approval. Nothing has changed.",
)
NOT_OPEN = ErrorType(
    "operators.not_open",
    409,
    id="{name} tidak sedang berjalan, jadi tidak bisa ditangguhkan.",
    en="{name} is not open, so it cannot be suspended.",
)
ALREADY_SUSPENDED = ErrorType(
    "operators.already_suspended",
    409,
    id="{name} sudah ditangguhkan. Tidak ada yang berubah.",
    en="{name} is already suspended. Nothing has changed.",
)
NOT_SUSPENDED = ErrorType(
    "operators.not_suspended",
    409,
    id="{name} sedang berjalan, tidak ditangguhkan. Tidak ada yang berubah.",
    en="{name} is running, not suspended. Nothing has changed.",
)
REASON_NEEDED = ErrorType(
    "operators.reason_needed",
    422,
    id="Tulis alasannya: pengurus koperasi akan membacanya.",
    en="Write the reason: the cooperative's officers will read it.",
)
NO_SUCH_FAILED_JOB = ErrorType(
    "operators.no_such_failed_job",
    404,
    id="Pekerjaan ini sudah tidak ada di daftar: sudah dicoba lagi atau dibuang.",
    en="This job is no longer on the list: it was retried or discarded already.",
)
