"""Check the layout of the code: names of modules, where SQL may stand, which rooms read which tables."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "platform"
ROOMS = sorted(folder.name for folder in PLATFORM.iterdir() if (folder / "__init__.py").exists())
SOURCES = sorted(PLATFORM.rglob("*.py"))
MIGRATIONS = PLATFORM / "tenants" / "migrations"

# Modules besides queries.py that may hold SQL that reads rows: infrastructure, and locks that a use case
# takes before it writes.
SQL_ALLOWED = {
    "kernel/database.py",
    "kernel/outbox.py",
    "kernel/relay.py",
    "kernel/postgres.py",
    "kernel/postgres_cluster.py",
    "kernel/locks.py",
    "tenants/registry.py",
    "tenants/session.py",
    "tenants/schema_pool.py",
    "tenants/migrator.py",
    "tenants/changes.py",
    "tenants/worker.py",
    "tenants/throttles.py",
    "tenants/remove_cooperative.py",
    "tenants/login_checks.py",
    "ledger/posting.py",
}


def test_import_platform_is_still_the_standard_librarys() -> None:
    code = (
        "import platform, sysconfig; print(platform.__file__.startswith(sysconfig.get_paths()['stdlib']), "
        "platform.python_version())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True")
    assert not (PLATFORM / "__init__.py").exists()


def test_no_room_is_named_like_a_standard_module_or_a_dependency() -> None:
    taken = set(sys.stdlib_module_names)
    for name, distributions in importlib.metadata.packages_distributions().items():
        if distributions != ["lumbung"]:
            taken.add(name)
    parts_of_rooms = {path.parent.name for path in PLATFORM.glob("*/*/__init__.py")}
    assert not (set(ROOMS) | parts_of_rooms) & taken


def test_the_table_of_contents_lists_every_room() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"module-name = \[(.*?)\]", text, re.DOTALL)
    assert listed is not None
    assert sorted(re.findall(r'"(\w+)"', listed[1])) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_for(room: str) -> None:
    docstring = ast.get_docstring(ast.parse((PLATFORM / room / "__init__.py").read_text()))
    assert docstring
    assert len(docstring) > 30


def test_no_file_is_named_for_nothing_in_particular() -> None:
    forbidden = {"utils.py", "helpers.py", "services.py", "common.py", "misc.py"}
    assert not [path for path in SOURCES if path.name in forbidden]


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if MIGRATIONS not in path.parents and (lines := len(path.read_text().splitlines())) > 370
    }
    assert not long


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_rows_are_read_in_queries() -> None:
    found = []
    for path in SOURCES:
        name = str(path.relative_to(PLATFORM))
        if (
            name in SQL_ALLOWED
            or MIGRATIONS in path.parents
            or path.stem.endswith("queries")
            or name.startswith("commands/doctor")
        ):
            continue
        for line, value in _strings(path):
            if (
                re.match(r"\s*(SELECT|WITH)\s", value)
                and re.search(r"\bFROM\b", value)
                and not re.search(r"INSERT|UPDATE|DELETE", value)
            ):
                found.append(f"{name}:{line}: {value.strip()[:60]}")
    assert not found


# Which query reads a table of a room above its own, and why. Justify a new entry in review (ADR 19).
UPWARD_READS = {
    ("ledger", "members"),  # the name of a party, on the officers' ledger pages and in their export
    (
        "ledger",
        "products",
    ),  # the ledger's pages compare 1130 with the goods in one statement, so that no sale falls between
    # the owner of the savings; two movements of one member also wait for each other at this row
    ("savings", "members"),
    ("members", "orders"),  # from a purchase in the books to its order
    # the officers' list of payments counts open work of the rooms above; a payment shows what settled it
    ("payments", "statement_lines"),
    ("payments", "payroll_batches"),
    ("payments", "payroll_lines"),
    ("payments", "payroll_unmatched_lines"),
}


def test_a_room_reads_its_own_tables_and_those_below() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    floors = {room.strip(): at for at, layer in enumerate(reversed(layers)) for room in layer.split("|")}
    owners = {
        table: path.relative_to(PLATFORM).parts[0]
        for path in PLATFORM.rglob("models.py")
        for table in re.findall(r'__tablename__ = "(\w+)"', path.read_text())
        # the platform and each cooperative have one each
        if table not in ("finished_jobs", "throttles")
    }
    found = {
        (room, table)
        for path in SOURCES
        if MIGRATIONS not in path.parents
        for room in [path.relative_to(PLATFORM).parts[0]]
        for _, value in _strings(path)
        for table in re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:shared\.)?(\w+)", value)
        if floors[owners.get(table, room)] > floors[room]
    }
    assert found == UPWARD_READS


def test_the_books_are_written_by_their_door_alone() -> None:
    found = []
    for path in SOURCES:
        if MIGRATIONS in path.parents:
            continue
        for line, value in _strings(path):
            if re.search(
                r"(INSERT INTO|UPDATE|DELETE "
                r"FROM|COPY)\s+(journals|journal_lines|balances|journal_counter)\b",
                value,
            ):
                found.append(f"{path.relative_to(PLATFORM)}:{line}")
            if (
                "post_journals" in value
                and path.relative_to(PLATFORM).as_posix() != "ledger/posting.py"
                and "SELECT" in value
            ):
                found.append(f"{path.relative_to(PLATFORM)}:{line}")
    assert not found


def test_no_use_case_commits() -> None:
    """Only the session managers of tenants commit."""
    found = []
    for path in SOURCES:
        found += [
            f"{path.relative_to(PLATFORM)}:{node.lineno}"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "commit"
        ]
    assert not found


def test_no_query_asks_for_every_column() -> None:
    """A prepared statement with a star breaks when a migration changes the columns."""
    found = [
        f"{path.relative_to(PLATFORM)}:{line}"
        for path in SOURCES
        for line, value in _strings(path)
        if re.search(r"SELECT\s+(\w+\.)?\*", value)
    ]
    assert not found


def test_no_float_stands_near_money() -> None:
    """`float(` and float literals are for time-outs and colours, never in rooms that handle money."""
    found = []
    for room in (
        "ledger",
        "governance",
        "savings",
        "payments",
        "shop",
        "shu",
        "members",
        "onboarding",
        "billing",
    ):
        for path in (PLATFORM / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
                call = (
                    isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
                )
                if literal or call:
                    found.append(f"{path.relative_to(PLATFORM)}:{node.lineno}")  # type: ignore[attr-defined]
    assert not found


def test_relationships_do_not_leave_their_room_and_never_load_by_surprise() -> None:
    for path in PLATFORM.rglob("models.py"):
        for match in re.finditer(r"relationship\((.*?)\)", path.read_text(), re.DOTALL):
            assert 'lazy="raise"' in match[1]


# Private names of other packages that are used, each with the reason.
PRIVATE_NAMES_ALLOWED = {
    ("web/request_head.py", "litestar._parsers"): "its cache of cookies has no other way to be emptied",
    (
        "gateways/stripe_client.py",
        "stripe._util",
    ): "STRIPE_LOG=debug would print bodies; it is read at import",
    ("kernel/connection.py", "_start_transaction"): "SQLAlchemy has no other way to begin at once",
    ("kernel/connection.py", "_transport"): "asyncpg has no option for TCP keepalive",
}


def test_no_private_name_of_another_package_is_used_without_a_reason() -> None:
    """Imports of ``package._module`` or ``_name``; attributes with an underscore of another object."""
    found = set()
    for path in SOURCES:
        name = path.relative_to(PLATFORM).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in ROOMS:
                module = node.module or ""
                private = re.search(r"(^|\.)_[a-z]", module)
                modules = [module] if private else [f"{module}.{each.name}" for each in node.names]
            elif isinstance(node, ast.Import):
                modules = [each.name for each in node.names]
            elif (
                isinstance(node, ast.Attribute)
                and re.match(r"_[a-z]", node.attr)
                and node.attr not in {"_asdict", "_replace"}  # public names of named tuples
                and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
            ):
                found.add((name, node.attr))
                continue
            else:
                continue
            found |= {(name, each) for each in modules if re.search(r"(^|\.)_[a-z]", each)}
    assert found == set(PRIVATE_NAMES_ALLOWED)


# A handler is named after what it does with a request, so that it never has the name of its use case.
HANDLER_PREFIXES = {
    "get": ("show_", "list_", "search_", "export_", "download_", "serve_"),
    "post": ("submit_", "preview_", "receive_"),
}
# GET handlers that change something: a link that is opened once signs in, and a link sets a cookie.
OTHER_HANDLERS = {"redeem_handover_link", "switch_language"}


def test_handlers_are_named_after_what_they_do_with_a_request() -> None:
    handlers = [
        (path.relative_to(PLATFORM).as_posix(), each.name, kind)
        for path in SOURCES
        if "fakes" not in path.parts
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        for kind in HANDLER_PREFIXES
        if any(ast.unparse(decorator).startswith(f"{kind}(") for decorator in each.decorator_list)
    ]
    assert len(handlers) > 200
    assert [
        each
        for each in handlers
        if not each[1].startswith(HANDLER_PREFIXES[each[2]]) and each[1] not in OTHER_HANDLERS
    ] == []
