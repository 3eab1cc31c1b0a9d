"""No statement or foreign key names tables of both the control plane and a cell."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import MetaData

from kernel.database import CellBase, ControlBase, CoopBase
from tenants.revisions import import_models

PLATFORM = Path(__file__).resolve().parents[2] / "platform"
# Where a session or a read connection may be opened by the methods of ``Database`` itself.
OPENED_IN = {"kernel/database.py", "tenants/session.py"}


@functools.cache
def _tables(metadata: MetaData) -> set[str]:
    import_models()
    return {table.name for table in metadata.tables.values()}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PLATFORM.rglob("*.py")):
        if "migrations" not in path.parts:
            yield str(path.relative_to(PLATFORM)), ast.parse(path.read_text())


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return every string of a module; a formatted one has a gap for each value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values),
            )


def mixed(statement: str) -> bool:
    named = set(re.findall(r"\bshared\.\"?(\w+)", statement))
    return bool(named & _tables(ControlBase.metadata)) and bool(named & _tables(CellBase.metadata))


def test_a_statement_that_names_both_halves_is_found() -> None:
    assert mixed("SELECT FROM shared.outbox o JOIN shared.cooperatives c ON c.schema_name = o.coop_role")
    assert not mixed("SELECT FROM shared.outbox")
    assert not mixed("SELECT FROM shared.invoices JOIN shared.cooperatives ON true")


def test_no_statement_names_tables_of_the_control_plane_and_of_a_cell() -> None:
    found = [f"{name}:{line}" for name, tree in _sources() for line, value in _texts(tree) if mixed(value)]
    assert not found


def test_no_foreign_key_leaves_its_half() -> None:
    import_models()

    def targets(metadata: MetaData) -> set[str]:
        keys = (key for table in metadata.tables.values() for key in table.foreign_keys)
        return {key.target_fullname.rpartition(".")[0] for key in keys}

    for metadata in (ControlBase.metadata, CellBase.metadata, CoopBase.metadata):
        assert targets(metadata) <= set(metadata.tables)
    assert targets(ControlBase.metadata)


def test_each_table_of_the_schema_shared_belongs_to_one_half() -> None:
    control, cell = _tables(ControlBase.metadata), _tables(CellBase.metadata)
    assert not control & cell
    assert {"cooperatives", "hostnames", "operators", "invoices"} <= control
    assert cell == {"outbox", "failed_jobs", "finished_jobs", "schema_pool", "heartbeats", "throttles"}


def test_sessions_are_opened_where_the_cell_is_chosen() -> None:
    opened = {
        name
        for name, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            node.func.attr == "read_connection"
            or (node.func.attr == "session" and ast.unparse(node.func.value).endswith("database"))
            or ast.unparse(node.func).endswith("database_for(tenant).session")
        )
    }
    assert opened <= OPENED_IN
    assert "tenants/session.py" in opened


def _callers(function: str) -> set[str]:
    return {
        name
        for name, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function
    }


def test_services_and_databases_are_built_in_one_module_and_by_three_callers() -> None:
    assert _callers("Services") == _callers("Database") == {"kernel/process_services.py"}
    assert _callers("build_services") == {"web/asgi.py", "tenants/worker.py", "commands/connect.py"}
