"""Regenerate `requirements.lock` and `package-lock.json` from `pyproject.toml` and `package.json`.

Locked versions that still fit stay; `make lock ARGS=--upgrade` upgrades everything within the bounds. The
locks contain names, versions and hashes but no URLs: each machine installs from its configured index.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from setup import LOCK, ROOT, VENV, install

HEADER = (
    "# Names, versions and hashes of everything Lumbung runs, tests and checks with. Remade by: make lock\n"
    "# For CPython 3.11 and newer on Linux and macOS, x86_64 and aarch64.\n"
)
ADDRESS = re.compile(r"\b(?:https?|file|git\+\w+)://")


def main() -> int:
    install(["uv"], "uv")
    compiled = subprocess.run(
        [
            str(VENV / "bin" / "uv"),
            "pip",
            "compile",
            "pyproject.toml",
            "--extra",
            "dev",
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-emit-index-url",
            "--no-emit-find-links",
            "--no-annotate",
            "--no-header",
            "--quiet",
            "--output-file",
            str(LOCK),
            *sys.argv[1:],
        ],
        cwd=ROOT,
        check=False,
    )
    if compiled.returncode != 0:
        return compiled.returncode
    LOCK.write_text(HEADER + LOCK.read_text(encoding="utf-8"), encoding="utf-8")
    npm = shutil.which("npm") or str(VENV / "bin" / "npm")
    upgrade = ["update"] if "--upgrade" in sys.argv else ["install"]
    locked = subprocess.run([npm, *upgrade, "--package-lock-only", "--ignore-scripts"], cwd=ROOT, check=False)
    for lock in (LOCK, ROOT / "package-lock.json"):
        if ADDRESS.search(lock.read_text(encoding="utf-8")):
            print(
                f"lock: {lock.name} names an address; see .npmrc and the options of uv here", file=sys.stderr
            )
            return 1
    return locked.returncode


if __name__ == "__main__":
    sys.exit(main())
