"""Errors that sign-up raises."""

from kernel.errors import ErrorType

SLUG_MALFORMED = ErrorType(
    "onboarding.slug_malformed",
    422,
    "Alamat “{slug}” tidak bisa dipakai. Pakai 3 sampai 30 huruf kecil a-z, angka, dan tanda hubung di "
    "tengah.",
)
SLUG_RESERVED = ErrorType(
    "onboarding.slug_reserved",
    409,
    "Alamat “{slug}” disimpan untuk Lumbung sendiri. Pilih alamat lain.",
)
SLUG_TAKEN = ErrorType(
    "onboarding.slug_taken",
    409,
    "Alamat “{slug}” sudah dipakai koperasi lain. Pilih alamat lain.",
)
FOUNDED_BY_SOMEBODY_ELSE = ErrorType(
    "onboarding.founded_by_somebody_else",
    409,
    "Formulir ini sudah pernah dipakai mendirikan koperasi, dengan kata sandi lain. Buka halaman "
    "daftar sekali lagi.",
)
TOO_MANY_FOUNDINGS = ErrorType(
    "onboarding.too_many_foundings",
    503,
    "Banyak sekali koperasi didirikan dalam satu jam ini, jadi pendirian baru menunggu dulu. Coba lagi "
    "{minutes} menit lagi. Isian Anda"
    " tetap ada di halaman ini, kecuali kata sandi.",
    counted="minutes",
)
NO_PLACE_READY = ErrorType(
    "onboarding.no_place_ready",
    503,
    "Tempat untuk koperasi Anda masih disiapkan. Tunggu satu menit, lalu tulis kata sandinya sekali "
    "lagi dan kirim. Isian lain masih ada di bawah ini.",
)
NAME_NEEDED = ErrorType(
    "onboarding.name_needed",
    422,
    "Nama koperasi dan nama pengurus harus diisi.",
)
