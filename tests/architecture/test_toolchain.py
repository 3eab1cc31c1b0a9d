"""What set-up relies on: lock files without addresses, a source root that shadows nothing, one list of
packages.
"""

import ast
import importlib.metadata
import importlib.util
import json
import platform
import re
import sys
import tomllib
from pathlib import Path

import pytest

import setup
from kernel.rooms import ROOMS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["uv"]["build-backend"]["module-name"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRIES = [entry for entry in re.split(r"(?m)^(?=[a-z0-9])", LOCK) if "==" in entry]


@pytest.mark.parametrize("name", ["requirements.lock", "package-lock.json"])
def test_a_lock_names_no_address(name: str) -> None:
    assert re.findall(r"\w+://\S+", (ROOT / name).read_text(encoding="utf-8")) == []


def test_every_locked_package_has_one_version_and_hashes() -> None:
    assert len(ENTRIES) > 50
    for entry in ENTRIES:
        assert re.match(r"[a-z0-9._-]+==[^\s;]+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_every_dependency_is_locked_within_its_bounds_and_has_an_upper_one() -> None:
    locked = {re.split("==", entry)[0] for entry in ENTRIES}
    wanted = PROJECT["project"]["dependencies"] + [
        line for group in PROJECT["project"]["optional-dependencies"].values() for line in group
    ]
    for line in wanted:
        name = re.split(r"[\[<>=;]", line)[0].strip()
        assert name == "lumbung" or name in locked, f"make lock: {name} is not locked"


def test_every_browser_library_is_locked_by_its_hash() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name in wanted["dependencies"] | wanted["devDependencies"]:
        assert packages[f"node_modules/{name}"]["integrity"].startswith("sha512-")


def test_the_source_root_leaves_the_standard_library_its_platform() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert platform.python_version() == ".".join(str(part) for part in sys.version_info[:3])
    assert not str(platform.__file__).startswith(str(ROOT / "platform"))


def test_the_list_of_packages_is_what_lies_in_the_source_root() -> None:
    found = {
        path.name
        for path in (ROOT / "platform").iterdir()
        if path.is_dir() and path.name.isidentifier() and path.name != "__pycache__"
    }
    assert found == set(PACKAGES)
    assert list(ROOMS) == PACKAGES
    contract = PROJECT["tool"]["importlinter"]
    layers = re.findall(r"\w+", " ".join(contract["contracts"][0]["layers"]))
    assert set(contract["root_packages"]) == set(layers) == set(PACKAGES)


def test_no_package_is_named_like_the_standard_library_or_a_dependency() -> None:
    assert set(PACKAGES).isdisjoint(sys.stdlib_module_names)
    own_packages = {name for name in PACKAGES if str(spec_path(name)).startswith(str(ROOT / "platform"))}
    assert own_packages == set(PACKAGES)
    foreign_packages = {
        name.casefold()
        for distribution in importlib.metadata.distributions()
        if distribution.metadata["Name"] != "lumbung"
        for name in (distribution.read_text("top_level.txt") or distribution.metadata["Name"]).split()
    }
    assert set(PACKAGES).isdisjoint(foreign_packages)


def spec_path(name: str) -> str | None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    return spec.origin


def test_set_up_needs_the_standard_library_alone_and_any_python_reads_it() -> None:
    source = (ROOT / "infra" / "setup.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "disk filled up"),
        ("NewConnectionError: Failed to establish a new connection", "no connection to the package index"),
        ("npm error code ENOTFOUND", "no connection to the package index"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "differ from their hashes"),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "may not write here"),
        ("building\nlast words", "could not be installed (last words)"),
        ("", "could not be installed (no message)"),
    ],
)
def test_set_up_says_in_one_sentence_what_it_could_not_get(output: str, sentence: str) -> None:
    message = setup.describe_failure(output, "the Python packages")
    assert sentence in message
    assert "\n" not in message


def test_set_up_takes_from_the_lock_only_what_it_was_asked_for() -> None:
    entries = setup.read_lock()
    assert set(entries) == {re.split("==", entry)[0] for entry in ENTRIES}
    assert set(entries) > setup.ON_DEMAND
    with pytest.raises(setup.SetupError, match="make lock"):
        setup.install(["no-such-package"], "nothing")
