"""The entry point of `lumbung`: run a command, and print an error as one sentence."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

import click

# The commands in the order of the help, with their descriptions. A module is imported only when its command
# is called.
COMMANDS: Final = {
    "up": "Start everything on this machine and print the addresses",
    "coop": "Found, list, suspend and resume cooperatives",
    "products": "Import the goods of a cooperative",
    "members": "Import the members of a cooperative",
    "sales": "Import past cash sales",
    "books": "Print the trial balance",
    "shu": "Compute the year's surplus and its division",
    "payments": "Reconcile payments, list exceptions, rotate the keys",
    "qris": "Read a QRIS, or make one for a payment from a sticker's",
    "billing": "Run renewals and reminders of cooperatives' plans",
    "jobs": "List, retry and discard failed jobs",
    "operator": "Add operators of the platform",
    "migrate": "Migrate the database to the newest revisions",
    "doctor": "Check this installation and say what to do",
    "provision": "Run the process that creates schemas in advance",
    "web": "Run the web process",
    "worker": "Run the worker process",
}
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count


class LazyCommands(click.Group):
    """A group that loads each subcommand from `commands.<name>.command` when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False
)
@click.version_option(package_name="lumbung", message="lumbung %(version)s")
def lumbung() -> None:
    """Run cooperatives: found them, import their data, read their books, divide their surplus.

    The database is the one in LUMBUNG_APP_DATABASE_URL (`migrate`, `provision` and `operator` use the owner's
    LUMBUNG_DATABASE_URL); without one, an embedded server is started when needed.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status.

    The status is 0, 1 for a domain error or a failure, 2 for wrong usage, 130 for Ctrl-C.
    """
    try:
        status = lumbung.main(args=arguments, prog_name="lumbung", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt) as interrupt:
        from commands.output import print_error

        print_error(str(interrupt) or "Interrupted.")
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        from commands.output import print_error

        print_error(error.format_message() + _help_hint(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe; without this, Python would complain again at its
        # final flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        from commands.output import error_message, print_error

        if os.environ.get("LUMBUNG_DEBUG"):
            raise
        print_error(error_message(error))
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _help_hint(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f" See: {error.ctx.command_path} --help"
    return ""


if __name__ == "__main__":
    main()
