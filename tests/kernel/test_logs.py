import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import structlog
from kernel.logs import configure
from kernel.settings import Settings
configure(Settings(environment={environment!r}))
def sign_in(password):
    raise ValueError("no such member")
log = structlog.get_logger()
log.debug("unseen")
try:
    sign_in("rahasia" + "-sekali")
except ValueError:
    log.exception("sign-in failed", host="melati.localhost")
"""


def run_program(environment: str) -> str:
    command = [sys.executable, "-c", PROGRAM.format(environment=environment)]
    root = Path(__file__).parents[2] / "platform"
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(root)}
    ).stdout


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_traceback_shows_where_and_never_what_somebody_typed(environment: str) -> None:
    output = run_program(environment)
    assert "no such member" in output
    assert "sign-in failed" in output
    assert "in sign_in" in output
    assert "rahasia-sekali" not in output
    assert "unseen" not in output


def test_production_writes_one_json_object_a_line() -> None:
    (line,) = run_program("production").splitlines()
    found = json.loads(line)
    assert found["event"] == "sign-in failed"
    assert found["host"] == "melati.localhost"
    assert found["level"] == "error"
