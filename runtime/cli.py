"""``medcontrol``: everything an operator does, on a fresh machine too."""

import sys
from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
import typer
from pydantic import ValidationError

from medcontrol.errors import DomainError
from medcontrol.settings import settings
from runtime.commands.output import fail

_RUN, _WORK, _FILL, _CHECK = "Run", "Work", "Fill an installation", "Check"

#: What each command's module is, in the order of ``--help``, and the panel it stands in. A module
#: has a function of the command's name, or a group. It is imported when its command is called:
#: all of them together take seconds.
COMMANDS = {
    "up": ("serving", _RUN),
    "down": ("serving", _RUN),
    "serve": ("serving", _RUN),
    "worker": ("serving", _RUN),
    "beat": ("serving", _RUN),
    "migrate": ("serving", _RUN),
    "demo": ("demo", _RUN),
    "intake": ("intake", _WORK),
    "quarantine": ("quarantine", _WORK),
    "assign": ("assign", _WORK),
    "selectivity": ("selectivity", _WORK),
    "incidents": ("incidents", _WORK),
    "outbox": ("work", _WORK),
    "care": ("care_reports", _WORK),
    "quality": ("quality", _WORK),
    "users": ("people", _FILL),
    "clients": ("people", _FILL),
    "doctors": ("imports", _FILL),
    "calendar": ("imports", _FILL),
    "import": ("imports", _FILL),
    "fluctuation": ("long_term_care", _CHECK),
    "simulate": ("simulate", _CHECK),
    "packs": ("packs", _CHECK),
    "params": ("checks", _CHECK),
    "journal": ("journal", _CHECK),
    "draws": ("checks", _CHECK),
    "keys": ("work", _CHECK),
}


def command_line(names: Sequence[str] = tuple(COMMANDS)) -> typer.Typer:
    """Return the command line, with these of its commands."""
    app = typer.Typer(
        name="medcontrol",
        help="Medical control of a health-insurance fund. Settings are MEDCONTROL_… variables: "
        "see docs/operations.md. Without any, PostgreSQL and Valkey run by themselves under var/.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(check_settings)
    for name in names:
        module, panel = COMMANDS[name]
        attribute = "imports" if name == "import" else name  # a word of the language
        command = getattr(import_module(f"runtime.commands.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(command)
    return app


def check_settings() -> None:
    """Read the settings before anything is done, so that a wrong one is named."""
    try:
        settings()
    except ValidationError as error:
        wrong = [f"MEDCONTROL_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
        fail("; ".join(wrong))
    except ValueError:
        fail("PORT must be a number from 0 to 65535")


def main() -> None:
    """Run the command line; a refusal is one sentence and exit code 1."""
    called = [name for name in sys.argv[1:2] if name in COMMANDS]
    try:
        command_line(called or tuple(COMMANDS))()
    except DomainError as refusal:
        fail(str(refusal))
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        fail(f"the database does not do it: {lines[0]}")
    except KeyboardInterrupt:
        fail("stopped", 130)


if __name__ == "__main__":
    main()
