"""Request the front page of this machine's web process; the exit status is 0 when it answers.

For containers and monitoring. Uses the standard library and the two settings of the process's address.
"""

from __future__ import annotations

import http.client
import os
import sys
from typing import Final

TIMEOUT_SECONDS: Final = 4.0


def main() -> int:
    host = os.environ.get("LUMBUNG_BASE_DOMAIN") or "localhost:8000"
    port = int(os.environ.get("LUMBUNG_PORT") or 8000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"healthcheck: no answer on port {port} ({error})", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if status != 200:
        print(f"healthcheck: status {status} on port {port}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
