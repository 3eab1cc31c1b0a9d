"""Run all checks and list the failed ones at the end: `make check`.

Runs two at a time, because small machines have two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = ROOT / ".venv" / "bin"
# The longest first, so that the short ones run at the same time.
CHECKS: Final[dict[str, list[str]]] = {
    "mypy": [str(BIN / "mypy")],
    "migration drift": [str(BIN / "lumbung"), "migrate", "--check"],
    "import contracts": [str(BIN / "lint-imports"), "--no-cache"],
    "templates": [str(BIN / "python"), str(ROOT / "infra" / "lint_templates.py")],
    "retired words": [str(BIN / "python"), str(ROOT / "infra" / "check_words.py")],
    "ruff check": [str(BIN / "ruff"), "check", "--quiet"],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "--quiet"],
}


class Outcome(NamedTuple):
    name: str
    failed: bool
    output: str
    seconds: float


def run(name: str) -> Outcome:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "platform")}
    started = time.monotonic()
    done = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(name, done.returncode != 0, done.stdout.strip(), time.monotonic() - started)


def main() -> int:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run, CHECKS))
    for outcome in outcomes:
        print(f"{'FAILED' if outcome.failed else 'ok':<8}{outcome.name:<18}{outcome.seconds:6.1f} s")
        if outcome.failed and outcome.output:
            print("\n".join(f"        {line}" for line in outcome.output.splitlines()))
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"checks: {len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
