"""Errors of the embedded PostgreSQL; each message says what to do."""

import re
from pathlib import Path
from typing import Final

from kernel.errors import DomainError, ErrorType

NO_BINARIES = ErrorType(
    "kernel.postgres_no_binaries",
    503,
    "Program PostgreSQL tidak ditemukan di {folder}. Jalankan `make setup`, atau arahkan "
    "LUMBUNG_POSTGRES_BIN ke folder bin.",
)
NO_USER = ErrorType(
    "kernel.postgres_no_user",
    503,
    "PostgreSQL tidak boleh berjalan sebagai root, dan pengguna postgres atau nobody tidak ada. "
    "Jalankan Lumbung sebagai pengguna biasa.",
)
OTHER_OWNER = ErrorType(
    "kernel.postgres_other_owner",
    503,
    "Data PostgreSQL di {data} milik pengguna {owner}. Jalankan Lumbung seperti sebelumnya, atau pilih "
    "LUMBUNG_DATA_DIR lain.",
)
OTHER_VERSION = ErrorType(
    "kernel.postgres_other_version",
    503,
    "Data di {data} dibuat oleh PostgreSQL {made_by}, sedangkan programnya versi {found}. "
    "Arahkan LUMBUNG_POSTGRES_BIN ke folder bin PostgreSQL {made_by}.",
)
# The first with GRANT … WITH SET: a login can switch to a cooperative's role without inheriting its rights.
MIN_MAJOR_VERSION: Final = 16
SERVER_TOO_OLD = ErrorType(
    "kernel.postgres_server_too_old",
    503,
    "PostgreSQL {found} terlalu lama untuk Lumbung, yang memerlukan versi {oldest} atau lebih baru. "
    "Perbarui servernya, lalu jalankan lagi.",
)
DISK_FULL = ErrorType(
    "kernel.postgres_disk_full",
    503,
    "PostgreSQL tidak dapat menulis karena disk {folder} penuh. Kosongkan sebagian, lalu jalankan lagi.",
)
PORT_TAKEN = ErrorType(
    "kernel.postgres_port_taken",
    503,
    "Port {port} untuk PostgreSQL sudah dipakai program lain. Pilih LUMBUNG_POSTGRES_PORT lain atau "
    "kosongkan.",
)
NOT_STARTED = ErrorType(
    "kernel.postgres_not_started",
    503,
    "PostgreSQL tidak dapat dijalankan ({reason}). Catatannya ada di {log}.",
)


def explain_failure(output: str, log: Path) -> DomainError:
    """Return the error that explains what PostgreSQL printed before it ended; `log` is the log file."""
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return DISK_FULL(folder=str(log.parent))
    reasons = re.findall(r"(?:FATAL|PANIC|ERROR|error):\s+(.*)", output)
    last = [line for line in output.splitlines() if line.strip()][-1:]
    return NOT_STARTED(reason=(reasons or last or ["it ended without a word"])[0], log=str(log))
