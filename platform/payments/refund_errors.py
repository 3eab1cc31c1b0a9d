"""What is declined about refunds that their provider has not done yet."""

from kernel.errors import ErrorType

NO_SUCH_REFUND = ErrorType(
    "payments.no_such_refund", 404, id="Pengembalian ini tidak ada.", en="There is no such refund."
)
REFUND_NOT_PENDING = ErrorType(
    "payments.refund_not_pending",
    409,
    id="Pengembalian ini sudah tidak berjalan lagi. Lihat keadaannya di halaman pembayaran.",
    en="This refund is not under way any more. See on the payment's page how it stands.",
)
REFUND_TOO_RECENT = ErrorType(
    "payments.refund_too_young",
    409,
    id="Pengembalian ini baru diminta. Penyedianya masih kami tanya; tunggu sehari dulu.",
    en="This refund was asked for just now. We are still asking the provider; wait for a day first.",
)
