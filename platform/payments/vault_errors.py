"""Why a secret that is kept encrypted cannot be had."""

from kernel.errors import ErrorType

VAULT_KEY_MISSING = ErrorType(
    "payments.vault_has_no_key",
    500,
    id="Belum ada kunci untuk menyimpan rahasia. Pengelola server perlu mengisi LUMBUNG_MASTER_KEYS.",
    en="There is no key to keep secrets under. Whoever runs the server has to set LUMBUNG_MASTER_KEYS.",
)
VAULT_KEY_UNKNOWN = ErrorType(
    "payments.vault_key_unknown",
    500,
    id="Rahasia ini disimpan dengan kunci “{key}”, yang tidak ada lagi di LUMBUNG_MASTER_KEYS. Kembalikan "
    "kunci itu, atau isi ulang rahasianya.",
    en="This secret is kept under the key “{key}”, which is no longer in LUMBUNG_MASTER_KEYS. Bring that "
    "key back, or enter the secret again.",
)
VAULT_DECRYPTION_FAILED = ErrorType(
    "payments.vault_not_opened",
    500,
    id="Rahasia ini tidak bisa dibuka: isinya berubah, atau milik koperasi atau isian lain. Isi ulang "
    "rahasianya.",
    en="This secret cannot be opened: it was changed, or belongs to another cooperative or field. Enter "
    "the secret again.",
)
SECRET_NOT_ENCODABLE = ErrorType(
    "payments.secret_not_text",
    422,
    id="Rahasia ini memuat karakter yang tidak bisa disimpan. Salin ulang dari penyedianya.",
    en="This secret has characters that cannot be kept. Copy it from its provider again.",
)
