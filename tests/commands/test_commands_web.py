"""The web process takes as many connections as its limit of open files allows."""

import resource
import subprocess
import sys

import pytest

from commands.web import MAX_CONNECTIONS, RESERVED_FILES
from factories.processes import ROOT, clean_environment

SCRIPT = (
    "import resource; from commands.web import raise_connection_limit;"
    " print(raise_connection_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
)
NEEDED_FILES = MAX_CONNECTIONS + RESERVED_FILES


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "raised"),
    [
        (300, NEEDED_FILES + 1, MAX_CONNECTIONS, NEEDED_FILES),
        (300, 1_000, 1_000 - RESERVED_FILES, 1_000),
        (NEEDED_FILES, NEEDED_FILES, MAX_CONNECTIONS, NEEDED_FILES),
    ],
)
def test_the_limit_of_open_files_is_raised_and_then_kept_to(
    soft: int, hard: int, connections: int, raised: int
) -> None:
    output = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=clean_environment() | {"PYTHONPATH": str(ROOT / "platform")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.split() == [str(connections), str(raised)]
