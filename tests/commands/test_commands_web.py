"""The web process takes as many connections as it may open files."""

import resource
import subprocess
import sys

import pytest

from commands.web import MOST_CONNECTIONS, OTHER_FILES
from factories.processes import ROOT, clean_environment

ASK = (
    "import resource; from commands.web import connections_allowed;"
    " print(connections_allowed(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
)
ENOUGH = MOST_CONNECTIONS + OTHER_FILES


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "raised"),
    [
        (300, ENOUGH + 1, MOST_CONNECTIONS, ENOUGH),
        (300, 1_000, 1_000 - OTHER_FILES, 1_000),
        (ENOUGH, ENOUGH, MOST_CONNECTIONS, ENOUGH),
    ],
)
def test_the_limit_of_open_files_is_raised_and_then_kept_to(
    soft: int, hard: int, connections: int, raised: int
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", ASK],
        env=clean_environment() | {"PYTHONPATH": str(ROOT / "platform")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.split() == [str(connections), str(raised)]
