"""What a member is declined on their own pages of wallet and credit."""

from kernel.errors import ErrorType

REPAYMENT_TOO_MUCH = ErrorType(
    "payments.repayment_too_much",
    409,
    id="Kasbon Anda {owed}. Tulis jumlah sebesar itu, atau yang lebih kecil.",
    en="You owe {owed}. Write that amount or a smaller one.",
)
PINS_DIFFER = ErrorType(
    "payments.pins_differ",
    422,
    id="Kedua PIN ini tidak sama. Tulis PIN yang sama dua kali.",
    en="The two PINs differ. Write the same PIN twice.",
)
