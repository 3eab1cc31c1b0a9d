"""What a command needs to know and must not see on its command line,
where others of the machine can read it.
"""

import os
import sys

import click

from kernel.errors import ErrorType

PASSWORD_NEEDED = ErrorType(
    "commands.password_needed",
    422,
    "Kata sandi belum ada. Isi LUMBUNG_PASSWORD, atau jalankan di terminal supaya ditanyakan.",
)


def prompt_password(name: str) -> str:
    """The password from LUMBUNG_PASSWORD, or asked for twice.

    Raises DomainError where nobody can be asked.
    """
    given = os.environ.get("LUMBUNG_PASSWORD")
    if given:
        return given
    if not sys.stdin.isatty():
        raise PASSWORD_NEEDED()
    asked: str = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True)
    return asked
