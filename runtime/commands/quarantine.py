"""``medcontrol quarantine``: lines that did not pass, corrected, replayed or set aside."""

import getpass
import os
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlmodel import col, select

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import QuarantinedMessage
from medcontrol.vocabulary import QuarantineStatus
from runtime import wiring
from runtime.commands.output import AsJson, fail, read_file, say, say_json, show_table
from runtime.environment import environment

quarantine = typer.Typer(help="Lines that did not pass.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="As quarantine list shows it.")]


@quarantine.command("list")
def list_lines(
    settled: Annotated[
        bool, typer.Option("--settled", help="Those replayed or discarded, too.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 100,
    as_json: AsJson = False,
) -> None:
    """List the lines that wait, the newest first."""
    statement = select(QuarantinedMessage).order_by(col(QuarantinedMessage.id).desc())
    if not settled:
        statement = statement.where(QuarantinedMessage.status == QuarantineStatus.WAITING)
    with environment(), read_only() as session:
        found = session.exec(statement.limit(limit)).all()
        if as_json:
            say_json({"lines": [_as_json(row) for row in found]})
            return
        show_table(
            ("id", "batch", "line", "reason", "status", "sender", "what is wrong"),
            [
                (row.id, row.batch_name, row.line_no, row.reason.value, row.status.value,
                 f"{row.source or '?'}/{row.external_id or '?'}", _first_fault(row))
                for row in found
            ],
        )  # fmt: skip


@quarantine.command("show")
def show(quarantine_id: Id, as_json: AsJson = False) -> None:
    """Show each member that is wrong; never what it holds, which may be medical."""
    with environment(), read_only() as session:
        row = session.get(QuarantinedMessage, _id(quarantine_id))
        if row is None:
            raise NotFound(f"there is no quarantined line {quarantine_id}")
        if as_json:
            say_json(_as_json(row))
            return
        say(f"line {row.line_no} of {row.batch_name}, {row.size} bytes, {row.status.value}")
        show_table(
            ("member", "code", "what is wrong", "expected"),
            [(e["path"], e["code"], e["message"], e["expected"]) for e in row.errors],
        )


@quarantine.command("replay")
def replay(
    quarantine_id: Id,
    corrected: Annotated[
        str | None,
        typer.Option("--file", help="The corrected line, or - for standard input."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take a line in again, as it is (after reference data changed) or corrected."""
    from workflows.gate import single

    content = None if corrected is None else read_file(corrected)
    with environment():
        taken = single.replay(
            wiring.tools(), _id(quarantine_id), content, by=_operator(), now=utc_now()
        )
    if as_json:
        errors = [{"path": each.path, "code": each.code} for each in taken.errors]
        say_json(
            {
                "result": taken.kind,
                "received_file": str(taken.received_file_id) if taken.received_file_id else None,
                "reference": taken.reference,
                "lane": taken.lane.value if taken.lane else None,
                "errors": errors,
            }
        )
    elif taken.errors:
        show_table(("member", "code"), [(each.path, each.code) for each in taken.errors])
    else:
        say(f"{taken.kind}: {taken.reference or taken.received_file_id}")
    if taken.kind in ("faulty", "conflict"):
        fail(f"the line still does not pass ({taken.kind})")


@quarantine.command("discard")
def discard(quarantine_id: Id) -> None:
    """Set a line aside for good: it is not to come in. Its bytes are kept."""
    from workflows.gate.quarantine import discard as set_aside

    with environment(), transaction() as session:
        set_aside(session, _id(quarantine_id), by=_operator(), now=utc_now())
    say(f"{quarantine_id} was discarded")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no id of a quarantined line") from None


def _operator() -> str:
    """Return who sits at the command line, by the name of the account there."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # the account has no name
        name = f"uid {os.getuid()}"
    return f"{name} (medcontrol)"


def _first_fault(row: QuarantinedMessage) -> str:
    if not row.errors:
        return ""
    more = f" (+{len(row.errors) - 1})" if len(row.errors) > 1 else ""
    return f"{row.errors[0]['path']} {row.errors[0]['code']}{more}"


def _as_json(row: QuarantinedMessage) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "batch": row.batch_name,
        "line": row.line_no,
        "reason": row.reason.value,
        "status": row.status.value,
        "source": row.source,
        "external_id": row.external_id,
        "size": row.size,
        "quarantined_at": row.quarantined_at,
        "errors": row.errors,
    }
