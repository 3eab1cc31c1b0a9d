"""Domain errors of the demo."""

from kernel.errors import ErrorType

NOT_IN_PRODUCTION = ErrorType(
    "demo.not_in_production",
    403,
    "Koperasi contoh tidak dibuat di produksi: kata sandinya diketahui semua orang.",
)
