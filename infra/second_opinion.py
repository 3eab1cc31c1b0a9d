"""`make second-opinion`: fetch localstripe into an environment of its own and run our fake Stripe's flows
against it, too.

localstripe is GPL: it is a program beside the tests, bound to loopback, never imported by our code and in no
lock of ours but the one beside this file.
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
