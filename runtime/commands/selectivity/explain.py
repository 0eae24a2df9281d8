"""``medcontrol selectivity explain``: why a file was chosen, or was not, to the last cell."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only
from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, say, say_json, show_table, today
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

if TYPE_CHECKING:
    from selectivity.records.explanation import Explanation
    from selectivity.records.stored import Stored


@selectivity.command("explain")
def explain(
    file: Annotated[
        str, typer.Argument(help="Reference of a control file, or external id of any file.")
    ],
    medical: Annotated[
        bool, typer.Option("--medical", help="Show values of class medical too; it is logged.")
    ] = False,
    reader: Annotated[
        str | None, typer.Option("--as", help="With --medical: login of who reads.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say why a file was chosen, or why not: rows, cells, near misses, score, draw, cut-off."""
    from selectivity.records.explaining import explain as told
    from selectivity.records.stored import find

    if medical and reader is None:
        raise InvalidInput("--medical needs --as LOGIN: every reading is logged", field="as")
    with environment():
        with read_only() as session:
            stored = find(session, file)
        if medical:
            _log(stored, reader or "")
        with read_only() as session:
            found = told(session, wiring.keys(), stored, with_medical=medical)
    if as_json:
        say_json(found.as_json())
    else:
        _show(found)


def _log(stored: "Stored", reader: str) -> None:
    """Log who reads medical content; the policy decides as it does on the screens.

    Raises:
        Forbidden: the person may not read it, or the file was never controlled, so that nobody
            may.
    """
    from medcontrol.services import users
    from medcontrol.services.medical import log_reading

    if stored.control_file_id is None:
        raise Forbidden("medical content of a file without control")
    with read_only() as session:
        principal = users.principal_for(session, users.by_login(session, reader), today())
    log_reading(
        principal, stored.control_file_id, "selectivity", "cli selectivity explain", now=utc_now
    )


def _show(found: "Explanation") -> None:
    name = found.reference or f"{found.source}/{found.external_id}"
    origins = ", ".join(found.origins) or "nothing chose it"
    say(f"{name}: {found.lane}, {found.level}, {origins}; {settings().jurisdiction} law")
    say(f"rules {found.rule_set} ({found.rule_set_hash[:12]}), draw {found.draw.u:.6f}"
        f" in {found.draw.stratum or 'no stratum'} at {found.draw.rate},"
        f" chance {found.draw.inclusion_probability:.4f}")  # fmt: skip
    if found.score is not None:
        say(f"score {found.score:.4f} by {found.model}, priority {found.priority},"
            f" cut-off {found.cutoff} in {found.capacity_cell}")  # fmt: skip
    for title, rows in (("Matched", found.rows), ("Missed by one cell", found.near_misses)):
        if rows:
            show_table(("row", "feature", "expected", "value", "met"), _cells(rows), title=title)
    if found.hidden_near_misses:
        say(f"{found.hidden_near_misses} more name medical features (--medical)")


def _cells(rows: Any) -> list[tuple[Any, ...]]:
    return [
        (row.row if not number else "", cell.feature, cell.expected, cell.value,
         "yes" if cell.is_met else "no")
        for row in rows
        for number, cell in enumerate(row.cells)
    ]  # fmt: skip
