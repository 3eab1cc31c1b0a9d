"""`lumbung shu allocate FILE.json`: divide a surplus by the rules, without a database."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from commands.output import json_option
from kernel.errors import LocalizedText
from shu import allocation_json, errors
from shu.rules import allocate as divide


def allocate_file(path: str) -> dict[str, Any]:
    """Divide the surplus in the document at `path` ("-" is standard input); return plain JSON values.

    Raises DomainError.
    """
    surplus, lines, members = allocation_json.parse_allocation_input(_read_text(path))
    return allocation_json.serialize_allocation(divide(surplus, lines, members))


def _read_text(path: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise errors.FILE_MISSING(path=path) from None
    except UnicodeDecodeError:
        raise errors.FILE_NOT_READABLE(path=path, reason=LocalizedText("bukan teks UTF-8")) from None
    except OSError as error:
        raise errors.FILE_NOT_READABLE(path=path, reason=error.strerror or type(error).__name__) from None


@click.command()
@click.argument("path", metavar="FILE.json")
@json_option
def allocate(path: str, *, as_json: bool) -> None:
    """Divide a surplus among funds and members by the rules, without a database.

    Prints JSON, with or without --json, because the result is for checking.

    FILE.json holds {"surplus", "allocation", "members"}; docs/shu.md has an example. "-" reads standard
    input.
    """
    # The standard library's encoder: msgspec's is limited to 64 bits, and a check may use a larger amount.
    click.echo(json.dumps(allocate_file(path), indent=2))
