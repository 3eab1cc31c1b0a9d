"""Errors that the backoffice raises."""

from kernel.errors import ErrorType

NO_SUCH_THEME = ErrorType(
    "office.no_such_theme",
    422,
    "Tema ini tidak ada. Pilih salah satu yang tampak.",
)
NAME_RESEMBLES = ErrorType(
    "office.name_resembles",
    409,
    "Nama ini mirip dengan “{other}”, sehingga anggota bisa salah alamat. Pilih nama lain, atau "
    "tanyakan dulu kepada pengelola Lumbung.",
)
KETUA_ONLY = ErrorType(
    "office.ketua_only",
    403,
    "Hanya ketua yang bisa menambah atau memberhentikan pengurus.",
)
ALREADY_OFFICER = ErrorType(
    "office.already_officer",
    409,
    "{name} dengan nomor itu sudah menjadi pengurus.",
)
NOT_ONESELF = ErrorType(
    "office.not_oneself",
    409,
    "Anda tidak bisa memberhentikan diri sendiri. Minta pengurus lain yang menjadi ketua.",
)
ROLE_OF_ONESELF = ErrorType(
    "office.role_of_oneself",
    409,
    "Nomor ini milik Anda sendiri. Tulis nomor HP pengurus yang baru.",
)
