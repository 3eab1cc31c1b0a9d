"""Errors on members' own pages of wallet and credit."""

from kernel.errors import ErrorType

REPAYMENT_TOO_MUCH = ErrorType(
    "payments.repayment_too_much",
    409,
    "Kasbon Anda {owed}. Tulis jumlah sebesar itu, atau yang lebih kecil.",
)
PINS_DIFFER = ErrorType(
    "payments.pins_differ",
    422,
    "Kedua PIN ini tidak sama. Tulis PIN yang sama dua kali.",
)
