"""What founding declines."""

from kernel.errors import ErrorType

SLUG_MALFORMED = ErrorType(
    "onboarding.slug_malformed",
    422,
    id="Alamat “{slug}” tidak bisa dipakai. Pakai 3 sampai 30 huruf kecil a-z, angka, dan tanda hubung di "
    "tengah.",
    en="The address “{slug}” cannot be used. Use 3 to 30 small letters a-z, digits, and hyphens in between.",
)
SLUG_RESERVED = ErrorType(
    "onboarding.slug_reserved",
    409,
    id="Alamat “{slug}” disimpan untuk Lumbung sendiri. Pilih alamat lain.",
    en="The address “{slug}” is kept for Lumbung itself. Choose another.",
)
SLUG_TAKEN = ErrorType(
    "onboarding.slug_taken",
    409,
    id="Alamat “{slug}” sudah dipakai koperasi lain. Pilih alamat lain.",
    en="The address “{slug}” is already used by another cooperative. Choose another.",
)
FOUNDED_BY_SOMEBODY_ELSE = ErrorType(
    "onboarding.founded_by_somebody_else",
    409,
    id="Formulir ini sudah pernah dipakai mendirikan koperasi, dengan kata sandi lain. Buka halaman "
    "daftar sekali lagi.",
    en="This form has already founded a cooperative, with another password. Open the founding page again.",
)
TOO_MANY_FOUNDINGS = ErrorType(
    "onboarding.too_many_foundings",
    503,
    id="Banyak sekali koperasi didirikan dalam satu jam ini, jadi pendirian baru menunggu dulu. Coba lagi "
    "{minutes} menit lagi. Isian Anda"
    " tetap ada di halaman ini, kecuali kata sandi.",
    en="Very many cooperatives were founded within this hour, so new ones have to wait. Try again in "
    "{minutes} minutes. What you typed"
    " stays on this page, except the password.",
)
NO_PLACE_READY = ErrorType(
    "onboarding.no_place_ready",
    503,
    id="Tempat untuk koperasi Anda masih disiapkan. Tunggu satu menit, lalu tulis kata sandinya sekali "
    "lagi dan kirim. Isian lain masih ada di bawah ini.",
    en="A place for your cooperative is still being made. Wait a minute, then type the password and send "
    "again; what else you typed is kept below.",
)
NAME_NEEDED = ErrorType(
    "onboarding.name_needed",
    422,
    id="Nama koperasi dan nama pengurus harus diisi.",
    en="The cooperative's name and the officer's name are needed.",
)
