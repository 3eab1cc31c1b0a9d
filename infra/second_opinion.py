"""`make second-opinion`: install localstripe separately and run the fake Stripe's flows against it, too.

localstripe is GPL: it runs as a separate program on loopback, is never imported by our code, and is only in
the lock file next to this file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from typing import Final

from setup import ROOT, VENV

HOME: Final = ROOT / ".second-opinion"
LOCK: Final = ROOT / "infra" / "second-opinion.lock"
PROGRAM: Final = HOME / "bin" / "localstripe"


def main() -> int:
    if not PROGRAM.exists():
        print("Fetching localstripe (once) …", file=sys.stderr)
        venv.create(HOME, with_pip=True, clear=True)
        fetched = subprocess.run(
            [
                str(HOME / "bin" / "python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "-r",
                str(LOCK),
            ],
            check=False,
        )
        if fetched.returncode != 0:
            return fetched.returncode
    tests = ["-m", "pytest", "-q", "tests/fakes/test_stripe_second_opinion.py"]
    environment = os.environ | {"LUMBUNG_LOCALSTRIPE": str(PROGRAM)}
    return subprocess.run(
        [str(VENV / "bin" / "python"), *tests], cwd=ROOT, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
