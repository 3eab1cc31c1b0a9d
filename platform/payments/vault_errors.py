"""Errors of the vault of encrypted secrets."""

from kernel.errors import ErrorType

VAULT_KEY_MISSING = ErrorType(
    "payments.vault_has_no_key",
    500,
    "Belum ada kunci untuk menyimpan rahasia. Pengelola server perlu mengisi LUMBUNG_MASTER_KEYS.",
)
VAULT_KEY_UNKNOWN = ErrorType(
    "payments.vault_key_unknown",
    500,
    "Rahasia ini disimpan dengan kunci “{key}”, yang tidak ada lagi di LUMBUNG_MASTER_KEYS. Kembalikan "
    "kunci itu, atau isi ulang rahasianya.",
)
VAULT_DECRYPTION_FAILED = ErrorType(
    "payments.vault_not_opened",
    500,
    "Rahasia ini tidak bisa dibuka: isinya berubah, atau milik koperasi atau isian lain. Isi ulang "
    "rahasianya.",
)
SECRET_NOT_ENCODABLE = ErrorType(
    "payments.secret_not_text",
    422,
    "Rahasia ini memuat karakter yang tidak bisa disimpan. Salin ulang dari penyedianya.",
)
