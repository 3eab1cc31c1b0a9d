"""The suite runs no benchmark; this test holds that each still imports what it measures."""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_every_benchmark_imports_what_is_there() -> None:
    # In a process of its own, with the path that `make bench` has: here the room `payments` would be meant.
    names = sorted(path.stem for path in (TESTS / "bench").glob("*.py") if not path.stem.startswith("__"))
    assert len(names) > 5
    code = f"import importlib\nfor name in {names!r}: importlib.import_module('bench.' + name)"
    path = f"{TESTS}:{TESTS.parent / 'platform'}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
