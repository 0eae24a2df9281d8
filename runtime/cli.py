"""``medcontrol``: everything an operator does, on a fresh machine too."""

from typing import Annotated

import sqlalchemy as sa
import typer
from pydantic import ValidationError

from medcontrol.errors import DomainError
from medcontrol.settings import settings
from runtime.commands import (
    care,
    care_reports,
    checks,
    imports,
    intake,
    long_term_care,
    packs,
    people,
    quality,
    quarantine,
    serving,
    simulate,
    work,
)
from runtime.commands.assign import assign
from runtime.commands.output import AsJson, fail
from runtime.commands.selectivity import selectivity

app = typer.Typer(
    name="medcontrol",
    help="Medical control of a health-insurance fund. Settings are MEDCONTROL_… variables: see "
    "docs/operations.md. Without any, PostgreSQL and Valkey run by themselves under var/.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_RUN, _WORK, _FILL, _CHECK = "Run", "Work", "Fill an installation", "Check"

for command in (serving.up, serving.down, serving.serve, serving.worker, serving.beat,
                serving.migrate):  # fmt: skip
    app.command(rich_help_panel=_RUN)(command)
app.command(rich_help_panel=_WORK)(intake.intake)
care_reports.add_to(care.care)
app.command(rich_help_panel=_CHECK)(long_term_care.fluctuation)
app.command(rich_help_panel=_CHECK)(simulate.simulate)
for name, group, panel in (
    ("quarantine", quarantine.quarantine, _WORK),
    ("assign", assign, _WORK),
    ("selectivity", selectivity, _WORK),
    ("outbox", work.outbox, _WORK),
    ("users", people.users, _FILL),
    ("clients", people.clients, _FILL),
    ("doctors", imports.doctors, _FILL),
    ("calendar", imports.calendar, _FILL),
    ("import", imports.imports, _FILL),
    ("care", care.care, _WORK),
    ("packs", packs.packs, _CHECK),
    ("params", checks.params, _CHECK),
    ("journal", checks.journal, _CHECK),
    ("draws", checks.draws, _CHECK),
    ("quality", quality.quality, _WORK),
    ("keys", work.keys, _CHECK),
):
    app.add_typer(group, name=name, rich_help_panel=panel)


@app.command(rich_help_panel=_RUN)
def demo(
    files: Annotated[int, typer.Option("--files", min=1, help="Files of the day.")] = 5000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same fund.")] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the demonstration of this home first.")
    ] = False,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the summary.")] = False,
    as_json: AsJson = False,
) -> None:
    """Invent a fund with its past, run a day of files through, and serve it."""
    from runtime.demo.command import run_demo

    run_demo(files=files, seed=seed, serve=not no_serve, json=as_json, fresh=fresh)


@app.callback()
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
    try:
        app()
    except DomainError as refusal:
        fail(str(refusal))
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        fail(f"the database does not do it: {lines[0]}")
    except KeyboardInterrupt:
        fail("stopped", 130)


if __name__ == "__main__":
    main()
