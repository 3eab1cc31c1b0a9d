"""What the register and the door decline."""

from kernel.errors import ErrorType

WRONG_SIGN_IN = ErrorType(
    "members.wrong_sign_in",
    403,
    id="Nomor atau kata sandi tidak cocok. Periksa keduanya, lalu coba lagi.",
    en="The number or the password does not match. Check both and try again.",
)
WRONG_CODE = ErrorType(
    "members.wrong_code",
    403,
    id="Nomor atau kode tidak cocok, atau kodenya sudah tidak berlaku. Periksa keduanya, atau minta kode "
    "baru kepada pengurus.",
    en="The number or the code does not match, or the code is no longer valid. Check both, or ask an "
    "officer for a new code.",
)
WRONG_PASSWORD = ErrorType(
    "members.wrong_password",
    403,
    id="Kata sandi yang sekarang tidak cocok.",
    en="The present password does not match.",
)
LINK_USED = ErrorType(
    "members.link_used",
    403,
    id="Tautan ini hanya berlaku sekali dan sebentar. Masuklah dengan nomor HP dan kata sandi Anda.",
    en="This link works once and for a short time. Sign in with your phone number and password.",
)
NUMBER_TAKEN = ErrorType(
    "members.number_taken",
    409,
    id="Nomor anggota {number} sudah dipakai {name}. Pilih nomor lain atau kosongkan.",
    en="Member number {number} belongs to {name} already. Choose another or leave it empty.",
)
NUMBER_NOT_PLAIN = ErrorType(
    "members.number_not_plain",
    422,
    id="Nomor anggota memakai huruf, angka, titik, garis miring atau strip, paling banyak {most}.",
    en="A member number uses letters, digits, dots, slashes or dashes, at most {most}.",
)
ALREADY_MEMBER = ErrorType(
    "members.already_member",
    409,
    id="{name} dengan nomor HP itu sudah ada di daftar anggota.",
    en="{name} with that phone number is in the register already.",
)
CONSENT_NEEDED = ErrorType(
    "members.consent_needed",
    422,
    id="Tanpa persetujuan Anda, kami tidak boleh menyimpan data ini.",
    en="Without your consent we may not keep these data.",
)
ALREADY_DECIDED = ErrorType(
    "members.already_decided",
    409,
    id="Permohonan {name} sudah dijawab oleh {by}. Tidak ada yang berubah.",
    en="The application of {name} was answered by {by} already. Nothing has changed.",
)
REASON_NEEDED = ErrorType(
    "members.reason_needed", 422, id="Tulis alasannya dengan singkat.", en="Write the reason in a few words."
)
DATE_AHEAD = ErrorType(
    "members.date_ahead",
    422,
    id="Tanggalnya belum tiba. Pakai tanggal hari ini atau sebelumnya.",
    en="That date has not come yet. Use today or an earlier date.",
)
NOT_ACTIVE = ErrorType(
    "members.not_active",
    409,
    id="{name} bukan anggota aktif, jadi tidak bisa diberi kode.",
    en="{name} is not an active member and cannot be given a code.",
)
KETUA_ONLY = ErrorType(
    "members.ketua_only",
    403,
    id="{name} juga pengurus. Kode baru untuk pengurus hanya diberikan oleh ketua.",
    en="{name} is an officer too. A new code for an officer is given by the chair alone.",
)
PHONE_TAKEN = ErrorType(
    "members.phone_taken",
    409,
    id="Nomor HP ini sudah dipakai akun lain di koperasi ini.",
    en="Another account of this cooperative uses this phone number already.",
)
