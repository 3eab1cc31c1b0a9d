"""Create the secrets of an installation, each in its own file; existing files are not changed.

    python3 infra/make_secrets.py infra/secrets --host postgres            for infra/compose.yaml
    python3 infra/make_secrets.py /etc/lumbung/secrets --host 127.0.0.1    for infra/systemd

`application/` holds the secrets of web and worker, `owner/` those of migrate, provision and the server. Uses
only the standard library. Prints only names of files.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
from pathlib import Path
from urllib.parse import quote


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Make the secrets of an installation, each in a file of its own, once."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--host", required=True, help="Host of PostgreSQL, with its port where it is not 5432."
    )
    parser.add_argument("--database", default="lumbung")
    given = parser.parse_args()
    try:
        make(given.folder, given.host, given.database)
    except OSError as error:
        print(f"{error.filename or given.folder}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def make(folder: Path, host: str, database: str) -> None:
    """Create the missing secrets.

    Only the owner can open the folder, so its files may be readable: containers read them under other user
    ids.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    password = _read_or_create(folder / "owner" / "owner_password", secrets.token_hex(24))
    _read_or_create(folder / "owner" / "postgres_password", secrets.token_hex(24))
    _read_or_create(
        folder / "owner" / "database_url",
        f"postgresql://lumbung:{quote(password, safe='')}@{host}/{database}",
    )
    _read_or_create(
        folder / "application" / "app_database_url",
        f"postgresql://lumbung_app:{secrets.token_hex(24)}@{host}/{database}",
    )
    _read_or_create(folder / "application" / "secret_key", secrets.token_urlsafe(48))
    _read_or_create(
        folder / "application" / "master_keys", f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    )


def _read_or_create(file: Path, fresh: str) -> str:
    """Return the content of the file; create it with ``fresh`` if it does not exist."""
    file.parent.mkdir(exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        print(f"kept  {file}")
        return file.read_text("utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(fresh + "\n")
    print(f"made  {file}")
    return fresh


if __name__ == "__main__":
    sys.exit(main())
