"""What any page may decline before a room is asked."""

from kernel.errors import DomainError, ErrorType

OFFICERS_ONLY = ErrorType(
    "ui.officers_only",
    403,
    id="Halaman ini hanya untuk pengurus. Masuklah dengan akun pengurus.",
    en="This page is for officers only. Sign in as an officer.",
)
MEMBERS_ONLY = ErrorType(
    "ui.members_only",
    403,
    id="Halaman ini hanya untuk anggota. Akun Anda belum terhubung dengan keanggotaan.",
    en="This page is for members only. Your account is not tied to a membership yet.",
)
FORGED_FORM = ErrorType(
    "ui.forged_form",
    403,
    id="Formulir ini sudah kedaluwarsa atau tidak dikirim dari halaman kami. Muat ulang halamannya, lalu "
    "kirim lagi.",
    en="This form has expired or was not sent from our page. Reload the page and send it again.",
)
FIELD_REQUIRED = ErrorType("ui.field_required", 422, id="Isi bagian ini dulu.", en="Fill this in first.")
FIELD_TOO_LONG = ErrorType(
    "ui.field_too_long",
    422,
    id="Terlalu panjang: paling banyak {limit} huruf.",
    en="Too long: at most {limit} characters.",
)
FIELD_TOO_SHORT = ErrorType(
    "ui.field_too_short",
    422,
    id="Terlalu pendek: paling sedikit {limit} huruf.",
    en="Too short: at least {limit} characters.",
)
FIELD_OUT_OF_RANGE = ErrorType(
    "ui.field_out_of_range",
    422,
    id="Isi dengan bilangan dari {least} sampai {most}.",
    en="Use a number from {least} to {most}.",
)
NOT_A_CHOICE = ErrorType(
    "ui.not_a_choice", 422, id="Pilih salah satu yang tersedia.", en="Choose one of those that are offered."
)
UNKNOWN_FIELD = ErrorType(
    "ui.unknown_field",
    422,
    id="Formulir ini memuat isian yang tidak dikenal: {field}. Muat ulang halamannya.",
    en="This form has an unknown field: {field}. Reload the page.",
)
UNREADABLE_FORM = ErrorType(
    "ui.unreadable_form",
    422,
    id="Formulir tidak terbaca. Muat ulang halamannya, lalu kirim lagi.",
    en="The form could not be read. Reload the page and send it again.",
)
TOO_MANY_FIELDS = ErrorType(
    "ui.too_many_fields",
    422,
    id="Formulir ini memuat terlalu banyak isian. Muat ulang halamannya, lalu kirim lagi.",
    en="This form has too many fields. Reload the page and send it again.",
)
BODY_TOO_LARGE = ErrorType(
    "ui.body_too_large",
    413,
    id="Kiriman terlalu besar. Paling besar {limit}.",
    en="What you sent is too large. At most {limit}.",
)
BODY_TOO_SLOW = ErrorType(
    "ui.body_too_slow",
    408,
    id="Kiriman Anda tidak sampai seluruhnya. Periksa sambungan internetnya, lalu kirim lagi.",
    en="Not all of what you sent has arrived. Check your connection and send it again.",
)
TOO_MANY_SLOW_BODIES = ErrorType(
    "ui.too_many_slow_bodies",
    429,
    id="Terlalu banyak kiriman yang belum selesai dari sambungan internet ini. Tunggu sebentar, lalu "
    "kirim lagi.",
    en="Too much is still being sent from this connection. Wait a moment and send it again.",
)
TOO_MANY_UPLOADS = ErrorType(
    "ui.too_many_uploads",
    429,
    id="Terlalu banyak berkas yang masih dikirim atau dibaca. Tunggu sebentar, lalu kirim lagi.",
    en="Too many files are still being sent or read. Wait a moment and send it again.",
)
TOO_MANY_REFUSED_BODIES = ErrorType(
    "ui.too_many_refused_bodies",
    429,
    id="Dari sambungan internet ini terlalu sering datang kiriman yang ditolak. Tunggu sebentar, lalu "
    "kirim lagi.",
    en="Too much that had to be refused came from this connection. Wait a moment and send it again.",
)
TOO_MANY_ATTEMPTS = ErrorType(
    "ui.too_many_attempts",
    429,
    id="Terlalu sering dicoba. Tunggu {minutes} menit, lalu coba lagi.",
    en="Too many attempts. Wait {minutes} minutes, then try again.",
)
NOT_FOUND = ErrorType("ui.not_found", 404, id="Halaman ini tidak ada.", en="There is no such page.")


def retry_after_headers(refusal: DomainError) -> dict[str, str]:
    """The header that says when to try again, for a refusal that says for how many minutes to wait; else
    nothing.
    """
    minutes = refusal.params.get("minutes")
    return {"Retry-After": str(minutes * 60)} if isinstance(minutes, int) else {}
