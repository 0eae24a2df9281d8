"""``medcontrol incidents``: what fails, in groups; tried again with an outcome for each."""

import time
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.queries.incident_retries import find_retry, load_retry_items
from medcontrol.queries.incidents import Incident, IncidentItem
from medcontrol.queries.incidents_loading import MOST, find_incident, load_incidents, load_items
from medcontrol.vocabulary import RetryOutcome
from runtime import wiring
from runtime.commands.output import AsJson, fail, say, say_json, show_table
from runtime.environment import environment

incidents = typer.Typer(help="What fails, in groups. See docs/runbook.md.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="As incidents list shows it.")]
_PAUSE = 1.0  # seconds between two looks at what became of a retry

_COLUMNS = ("key", "kind", "what", "step", "error", "first_seen", "last_seen", "items", "files",
            "tried_again", "next_try_at", "given_up")  # fmt: skip
_ITEM_COLUMNS = ("id", "file", "first_seen", "last_seen", "attempts", "next_try_at", "given_up")


@incidents.command("list")
def list_incidents(as_json: AsJson = False) -> None:
    """List what fails now; ends with 1 when something waits for somebody to act."""
    with environment(), read_only() as session:
        found = load_incidents(session, now=utc_now())
    if as_json:
        say_json({"incidents": [_row(each) for each in found]})
    else:
        show_table(_COLUMNS, [[_row(each)[name] for name in _COLUMNS] for each in found])
    if given_up := sum(each.given_up for each in found):
        fail(f"{given_up} given up")


@incidents.command("show")
def show(
    key: Key,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST)] = 100,
    as_json: AsJson = False,
) -> None:
    """Show what one incident holds, the oldest first."""
    with environment(), read_only() as session:
        incident = _found(find_incident(session, key, now=utc_now()), key)
        items = load_items(session, incident.fingerprint, now=utc_now(), most=limit)
    rows = [_item(each) for each in items]
    if as_json:
        say_json({"incident": _row(incident), "items": rows})
        return
    say(f"{incident.kind}: see docs/runbook.md#{incident.kind}")
    show_table(_ITEM_COLUMNS, [[row[name] for name in _ITEM_COLUMNS] for row in rows])


@incidents.command("retry")
def retry(
    key: Key,
    item: Annotated[
        list[str] | None, typer.Option("--item", help="Only this one, repeatable; else all.")
    ] = None,
    wait: Annotated[
        int, typer.Option("--wait", min=0, max=3600, help="Seconds for the workers to answer.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Try again what an incident holds, and say what became of each; ends with 1 when one fails.

    The workers of ``up`` or ``worker`` do it; without any, each outcome is "waiting".
    """
    from workflows.incident_retries import ask

    only = None if not item else [_id(each) for each in item]
    retry_id = new_id()
    with environment():
        with transaction() as session:
            incident = _found(find_incident(session, key, now=utc_now()), key)
            ask(session, retry_id, incident, only=only, by=None, now=utc_now())
        _wait(retry_id, wait)
        with read_only() as session:
            items = load_retry_items(session, retry_id, most=MOST)
    rows = [(str(each.id), each.reference, each.outcome.value, each.error) for each in items]
    columns = ("id", "file", "outcome", "error")
    if as_json:
        made = [dict(zip(columns, row, strict=True)) for row in rows]
        say_json({"retry": str(retry_id), "items": made})
    else:
        show_table(columns, rows)
    if failed := sum(each.outcome is RetryOutcome.FAILED for each in items):
        fail(f"{failed} failed again")


@incidents.command("watch")
def watch(as_json: AsJson = False) -> None:
    """Look now for files that nothing will ever move; ends with 1 when there are some."""
    from workflows.watching import watch as look

    with environment():
        found = look(wiring.tools(), now=utc_now)
    if as_json:
        say_json({"files": found})
    else:
        show_table(("why", "files"), sorted(found.items()))
    if found:
        fail(f"{sum(found.values())} files stand still")


def _wait(retry_id: UUID, seconds: int) -> None:
    until = utc_now() + timedelta(seconds=seconds)
    while utc_now() < until:
        with read_only() as session:
            row = find_retry(session, retry_id)
        if row is None or not row.waiting:
            return
        time.sleep(_PAUSE)


def _found(incident: Incident | None, key: str) -> Incident:
    if incident is None:
        raise NotFound(f"no incident {key}: it is over, or was never there")
    return incident


def _row(incident: Incident) -> dict[str, Any]:
    that = incident.fingerprint
    known = {"key": that.key, "what": that.what, "step": that.step, "error": that.error}
    return {name: known[name] if name in known else getattr(incident, name) for name in _COLUMNS}


def _item(item: IncidentItem) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "file": item.reference,
        "first_seen": item.first_seen,
        "last_seen": item.last_seen,
        "attempts": item.attempts,
        "next_try_at": item.next_try_at,
        "given_up": item.is_given_up,
    }


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no id of an item") from None
