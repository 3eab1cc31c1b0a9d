"""Domain errors that every page may raise."""

from kernel.errors import DomainError, ErrorType

OFFICERS_ONLY = ErrorType(
    "ui.officers_only",
    403,
    "Halaman ini hanya untuk pengurus. Masuklah dengan akun pengurus.",
)
NOT_PERMITTED = ErrorType(
    "ui.not_permitted",
    403,
    "Jabatan Anda tidak mempunyai hak untuk ini. Mintalah kepada ketua koperasi.",
)
MEMBERS_ONLY = ErrorType(
    "ui.members_only",
    403,
    "Halaman ini hanya untuk anggota. Akun Anda belum terhubung dengan keanggotaan.",
)
FORGED_FORM = ErrorType(
    "ui.forged_form",
    403,
    "Formulir ini sudah kedaluwarsa atau tidak dikirim dari halaman kami. Muat ulang halamannya, lalu "
    "kirim lagi.",
)
FIELD_REQUIRED = ErrorType("ui.field_required", 422, "Isi bagian ini dulu.")
FIELD_TOO_LONG = ErrorType(
    "ui.field_too_long",
    422,
    "Terlalu panjang: paling banyak {limit} huruf.",
)
FIELD_TOO_SHORT = ErrorType(
    "ui.field_too_short",
    422,
    "Terlalu pendek: paling sedikit {limit} huruf.",
)
FIELD_OUT_OF_RANGE = ErrorType(
    "ui.field_out_of_range",
    422,
    "Isi dengan bilangan dari {least} sampai {most}.",
)
NOT_A_CHOICE = ErrorType("ui.not_a_choice", 422, "Pilih salah satu yang tersedia.")
UNKNOWN_FIELD = ErrorType(
    "ui.unknown_field",
    422,
    "Formulir ini memuat isian yang tidak dikenal: {field}. Muat ulang halamannya.",
)
UNREADABLE_FORM = ErrorType(
    "ui.unreadable_form",
    422,
    "Formulir tidak terbaca. Muat ulang halamannya, lalu kirim lagi.",
)
TOO_MANY_FIELDS = ErrorType(
    "ui.too_many_fields",
    422,
    "Formulir ini memuat terlalu banyak isian. Muat ulang halamannya, lalu kirim lagi.",
)
BODY_TOO_LARGE = ErrorType(
    "ui.body_too_large",
    413,
    "Kiriman terlalu besar. Paling besar {limit}.",
)
BODY_TOO_SLOW = ErrorType(
    "ui.body_too_slow",
    408,
    "Kiriman Anda tidak sampai seluruhnya. Periksa sambungan internetnya, lalu kirim lagi.",
)
TOO_MANY_SLOW_BODIES = ErrorType(
    "ui.too_many_slow_bodies",
    429,
    "Terlalu banyak kiriman yang belum selesai dari sambungan internet ini. Tunggu sebentar, lalu "
    "kirim lagi.",
)
TOO_MANY_UPLOADS = ErrorType(
    "ui.too_many_uploads",
    429,
    "Terlalu banyak berkas yang masih dikirim atau dibaca. Tunggu sebentar, lalu kirim lagi.",
)
TOO_MANY_REFUSED_BODIES = ErrorType(
    "ui.too_many_refused_bodies",
    429,
    "Dari sambungan internet ini terlalu sering datang kiriman yang ditolak. Tunggu sebentar, lalu "
    "kirim lagi.",
)
TOO_MANY_ATTEMPTS = ErrorType(
    "ui.too_many_attempts",
    429,
    "Terlalu sering dicoba. Tunggu {minutes} menit, lalu coba lagi.",
    counted="minutes",
)
NOT_FOUND = ErrorType("ui.not_found", 404, "Halaman ini tidak ada.")


def retry_after_headers(error: DomainError) -> dict[str, str]:
    """Return the Retry-After header (in seconds) of an error with a ``minutes`` parameter; else no header."""
    minutes = error.params.get("minutes")
    return {"Retry-After": str(minutes * 60)} if isinstance(minutes, int) else {}
