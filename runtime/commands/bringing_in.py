"""CSV files that commands bring in: what came of each, and what its rows touch."""

from collections.abc import Callable
from typing import Annotated

import typer
from sqlmodel import Session

from medcontrol.db import transaction, trial
from medcontrol.services.tables import Report
from medcontrol.settings import settings
from runtime.commands.output import fail, name_some, say, say_json, show_table, today
from runtime.environment import environment
from workflows.reference_impact import Impact, impact_of

_MOST_FAULTS = 20

Preview = Annotated[
    bool,
    typer.Option("--preview", help="Only say what would come of it and what it touches."),
]


def bring_in(load: Callable[[Session], Report], *, only_look: bool, as_json: bool) -> None:
    """Bring a file in, or only look at what it would do; print what came of it.

    Ends with 1 when a fault keeps all of it, or a line, out.

    Args:
        load: brings the file in within a session, and reports.
        only_look: take everything back.
        as_json: print one object instead of sentences.
    """
    with environment(), trial() if only_look else transaction() as session:
        report = load(session)
        impact = impact_of(session, report, settings().jurisdiction, today())
    if as_json:
        touched = None if impact is None else impact.as_json()
        say_json(report.as_json() | {"impact": touched, "made": not only_look})
    else:
        _show(report, impact)
    if report.faults:
        _name_faults(report, only_look=only_look, as_json=as_json)
    if only_look and not as_json:
        say("nothing was changed")


def _show(report: Report, impact: Impact | None) -> None:
    say(
        f"{report.what}: {report.read} lines read, {report.added} added,"
        f" {report.changed} changed, {report.unchanged} unchanged"
    )
    if impact is None:
        return
    rules = "" if impact.rules is None else f" and {len(impact.rules)} rules of {impact.rule_set}"
    say(f"open files that carry their codes: {impact.files}{rules}")
    name_some(impact.rules or ())


def _name_faults(report: Report, *, only_look: bool, as_json: bool) -> None:
    """Name what is wrong, and end."""
    if not as_json:
        rows = [(each.line, each.column, each.problem) for each in report.faults]
        show_table(("line", "column", "what is wrong"), rows[:_MOST_FAULTS])
    more = len(report.faults) - _MOST_FAULTS
    rest = f" ({more} of them not shown, see --json)" if more > 0 and not as_json else ""
    is_kept = report.is_saved and not only_look
    kept = "the other lines were saved" if is_kept else "nothing was saved"
    fail(f"{len(report.faults)} faults{rest}; {kept}")
