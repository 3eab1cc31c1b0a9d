"""What can stand in the way of the embedded PostgreSQL, each with what helps."""

import re
from pathlib import Path
from typing import Final

from kernel.errors import DomainError, ErrorType

NO_BINARIES = ErrorType(
    "kernel.postgres_no_binaries",
    503,
    id="Program PostgreSQL tidak ditemukan di {folder}. Jalankan `make setup`, atau arahkan "
    "LUMBUNG_POSTGRES_BIN ke folder bin.",
    en="There are no PostgreSQL programs in {folder}. Run `make setup`, or point LUMBUNG_POSTGRES_BIN to "
    "a bin folder.",
)
NO_USER = ErrorType(
    "kernel.postgres_no_user",
    503,
    id="PostgreSQL tidak boleh berjalan sebagai root, dan pengguna postgres atau nobody tidak ada. "
    "Jalankan Lumbung sebagai pengguna biasa.",
    en="PostgreSQL must not run as root, and there is no user postgres or nobody. Run Lumbung as an "
    "ordinary user.",
)
OTHER_OWNER = ErrorType(
    "kernel.postgres_other_owner",
    503,
    id="Data PostgreSQL di {data} milik pengguna {owner}. Jalankan Lumbung seperti sebelumnya, atau pilih "
    "LUMBUNG_DATA_DIR lain.",
    en="The PostgreSQL data in {data} belongs to the user {owner}. Run Lumbung as before, or choose "
    "another LUMBUNG_DATA_DIR.",
)
OTHER_VERSION = ErrorType(
    "kernel.postgres_other_version",
    503,
    id="Data di {data} dibuat oleh PostgreSQL {made_by}, sedangkan programnya versi {found}. "
    "Arahkan LUMBUNG_POSTGRES_BIN ke folder bin PostgreSQL {made_by}.",
    en="The data in {data} was made by PostgreSQL {made_by}, but the binaries are of version {found}. "
    "Point LUMBUNG_POSTGRES_BIN to the bin folder of PostgreSQL {made_by}.",
)
MIN_MAJOR_VERSION: Final = (
    16  # GRANT … WITH SET is new there: it lets a login become a cooperative's role without having its rights
)
SERVER_TOO_OLD = ErrorType(
    "kernel.postgres_server_too_old",
    503,
    id="PostgreSQL {found} terlalu lama untuk Lumbung, yang memerlukan versi {oldest} atau lebih baru. "
    "Perbarui servernya, lalu jalankan lagi.",
    en="PostgreSQL {found} is too old for Lumbung, which needs {oldest} or newer. Upgrade the server, "
    "then run this again.",
)
DISK_FULL = ErrorType(
    "kernel.postgres_disk_full",
    503,
    id="PostgreSQL tidak dapat menulis karena disk {folder} penuh. Kosongkan sebagian, lalu jalankan lagi.",
    en="PostgreSQL cannot write because the disk of {folder} is full. Free some space and start again.",
)
PORT_TAKEN = ErrorType(
    "kernel.postgres_port_taken",
    503,
    id="Port {port} untuk PostgreSQL sudah dipakai program lain. Pilih LUMBUNG_POSTGRES_PORT lain atau "
    "kosongkan.",
    en="Port {port} for PostgreSQL is taken by another program. Choose another LUMBUNG_POSTGRES_PORT, or "
    "leave it empty.",
)
NOT_STARTED = ErrorType(
    "kernel.postgres_not_started",
    503,
    id="PostgreSQL tidak dapat dijalankan ({reason}). Catatannya ada di {log}.",
    en="PostgreSQL did not start ({reason}). Its log is {log}.",
)


def explain_failure(output: str, log: Path) -> DomainError:
    """The refusal that fits what PostgreSQL wrote before it ended; `log` is the file that holds it."""
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return DISK_FULL(folder=str(log.parent))
    reasons = re.findall(r"(?:FATAL|PANIC|ERROR|error):\s+(.*)", output)
    last = [line for line in output.splitlines() if line.strip()][-1:]
    return NOT_STARTED(reason=(reasons or last or ["it ended without a word"])[0], log=str(log))
