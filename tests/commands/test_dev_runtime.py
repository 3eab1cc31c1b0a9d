"""A command beside a running `lumbung up` uses that start's runtime settings, and ignores those of a dead
one.
"""

import os
from pathlib import Path

import pytest

from commands.dev_runtime import RUNTIME_FILE, load_dev_settings, publish_runtime

FAKE_GATEWAYS = "stripe=http://127.0.0.1:9001"
VARIABLES = {"LUMBUNG_FAKE_GATEWAYS": FAKE_GATEWAYS, "LUMBUNG_BASE_DOMAIN": "localhost:8123"}


def test_a_command_takes_what_its_environment_leaves_open_from_the_start_that_runs(tmp_path: Path) -> None:
    mine = {"LUMBUNG_DATA_DIR": str(tmp_path)}
    with publish_runtime(tmp_path, VARIABLES):
        found = load_dev_settings(mine)
        assert found.fake_gateways == (("stripe", "http://127.0.0.1:9001"),)
        assert found.base_domain == "localhost:8123"
        assert (
            load_dev_settings(mine | {"LUMBUNG_BASE_DOMAIN": "localhost:9999"}).base_domain
            == "localhost:9999"
        )
        assert load_dev_settings(mine | {"LUMBUNG_FAKE_GATEWAYS": ""}).fake_gateways == found.fake_gateways
    assert load_dev_settings(mine).fake_gateways == ()
    assert not (tmp_path / RUNTIME_FILE).exists()


@pytest.mark.parametrize(
    "other",
    [
        {"LUMBUNG_DATABASE_URL": "postgresql://lumbung@db.example/lumbung"},
        {"LUMBUNG_ENVIRONMENT": "production"},
    ],
    ids=["another database", "production"],
)
def test_neither_production_nor_a_command_on_another_database_joins_in(
    tmp_path: Path, other: dict[str, str]
) -> None:
    with publish_runtime(tmp_path, VARIABLES):
        assert load_dev_settings({"LUMBUNG_DATA_DIR": str(tmp_path)} | other).fake_gateways == ()


def test_what_a_killed_start_left_is_not_believed(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with publish_runtime(tmp_path, VARIABLES):
            os._exit(0)  # as after a kill: the file is not removed
    os.waitpid(child, 0)
    assert FAKE_GATEWAYS in (tmp_path / RUNTIME_FILE).read_text("utf-8")
    assert load_dev_settings({"LUMBUNG_DATA_DIR": str(tmp_path)}).fake_gateways == ()


def test_a_second_start_leaves_the_first_one_s_word_alone(tmp_path: Path) -> None:
    mine = {"LUMBUNG_DATA_DIR": str(tmp_path)}
    with publish_runtime(tmp_path, VARIABLES):
        with publish_runtime(tmp_path, {"LUMBUNG_FAKE_GATEWAYS": "stripe=http://127.0.0.1:9009"}):
            assert load_dev_settings(mine).fake_gateways == (("stripe", "http://127.0.0.1:9001"),)
        assert load_dev_settings(mine).fake_gateways == (("stripe", "http://127.0.0.1:9001"),)


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    with publish_runtime(tmp_path, VARIABLES):
        assert (tmp_path / RUNTIME_FILE).stat().st_mode & 0o077 == 0
