"""What the officers' room declines."""

from kernel.errors import ErrorType

NO_SUCH_THEME = ErrorType(
    "office.no_such_theme",
    422,
    id="Tema ini tidak ada. Pilih salah satu yang tampak.",
    en="There is no such theme. Choose one of those shown.",
)
NAME_RESEMBLES = ErrorType(
    "office.name_resembles",
    409,
    id="Nama ini mirip dengan “{other}”, sehingga anggota bisa salah alamat. Pilih nama lain, atau "
    "tanyakan dulu kepada pengelola Lumbung.",
    en="This name looks like “{other}”, so members could end up at the wrong shop. Choose another, or ask "
    "the operators of Lumbung first.",
)
KETUA_ONLY = ErrorType(
    "office.ketua_only",
    403,
    id="Hanya ketua yang bisa menambah atau memberhentikan pengurus.",
    en="Only the chair can add or dismiss officers.",
)
ALREADY_OFFICER = ErrorType(
    "office.already_officer",
    409,
    id="{name} dengan nomor itu sudah menjadi pengurus.",
    en="{name} with that number is an officer already.",
)
NOT_ONESELF = ErrorType(
    "office.not_oneself",
    409,
    id="Anda tidak bisa memberhentikan diri sendiri. Minta pengurus lain yang menjadi ketua.",
    en="You cannot dismiss yourself. Ask another officer who is chair.",
)
ROLE_OF_ONESELF = ErrorType(
    "office.role_of_oneself",
    409,
    id="Nomor ini milik Anda sendiri. Tulis nomor HP pengurus yang baru.",
    en="This number is your own. Write the new officer's phone number.",
)
