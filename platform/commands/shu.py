"""`lumbung shu`: the year's surplus and its division."""

import click

from commands.allocate import allocate


@click.group()
def command() -> None:
    """Compute the year's surplus and its division."""


command.add_command(allocate)
