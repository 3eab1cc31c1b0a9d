"""What the demo declines."""

from kernel.errors import ErrorType

NOT_IN_PRODUCTION = ErrorType(
    "demo.not_in_production",
    403,
    id="Koperasi contoh tidak dibuat di produksi: kata sandinya diketahui semua orang.",
    en="Demo cooperatives are not made in production: everybody knows their passwords.",
)
