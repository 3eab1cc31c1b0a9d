"""What the demo declines."""

from kernel.errors import Kind

NOT_IN_PRODUCTION = Kind(
    "demo.not_in_production",
    403,
    id="Koperasi contoh tidak dibuat di produksi: kata sandinya diketahui semua orang.",
    en="Demo cooperatives are not made in production: everybody knows their passwords.",
)
