"""Errors about pending refunds."""

from kernel.errors import ErrorType

NO_SUCH_REFUND = ErrorType("payments.no_such_refund", 404, "Pengembalian ini tidak ada.")
REFUND_NOT_PENDING = ErrorType(
    "payments.refund_not_pending",
    409,
    "Pengembalian ini sudah tidak berjalan lagi. Lihat keadaannya di halaman pembayaran.",
)
REFUND_TOO_RECENT = ErrorType(
    "payments.refund_too_young",
    409,
    "Pengembalian ini baru diminta. Penyedianya masih kami tanya; tunggu sehari dulu.",
)
