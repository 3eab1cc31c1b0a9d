"""Ask for secrets, which must not be on a command line that other users of the machine can read."""

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
    """Return the password from LUMBUNG_PASSWORD, or ask for it twice.

    Raises DomainError commands.password_needed without a terminal.
    """
    given = os.environ.get("LUMBUNG_PASSWORD")
    if given:
        return given
    if not sys.stdin.isatty():
        raise PASSWORD_NEEDED()
    asked: str = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True)
    return asked
