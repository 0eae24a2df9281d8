"""``medcontrol outbox`` and ``keys``: work that an operator sets going."""

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
import typer
from rich.console import Console
from sqlmodel import col, select

from medcontrol import outbox as outbox_rows
from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import OutboxMessage
from medcontrol.services.event_replay import Span, count_told, tell_again
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, fail, read_day, say, say_json, show_table
from runtime.environment import environment

outbox = typer.Typer(help="Work handed over in the background.", no_args_is_help=True)
keys = typer.Typer(help="Keys that encrypt medical content.", no_args_is_help=True)


@outbox.command("list")
def list_outbox(
    everything: Annotated[
        bool, typer.Option("--all", help="What is only waiting its turn, too.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 100,
    as_json: AsJson = False,
) -> None:
    """List work that was given up, and with --all what is not done yet."""
    statement = select(OutboxMessage).where(col(OutboxMessage.done_at).is_(None))
    if not everything:
        statement = statement.where(col(OutboxMessage.dead_at).is_not(None))
    with environment(), read_only() as session:
        found = session.exec(statement.order_by(col(OutboxMessage.id)).limit(limit)).all()
        rows = [_message(row) for row in found]
    if as_json:
        say_json({"messages": rows})
        return
    columns = ("id", "topic", "key", "attempts", "next_try_at", "dead_at", "last_error")
    show_table(columns, [[row[name] for name in columns] for row in rows])


def _message(row: OutboxMessage) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "topic": row.topic,
        "key": row.key,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "next_try_at": row.next_try_at,
        "dead_at": row.dead_at,
        "last_error": row.last_error,
    }


@outbox.command("revive")
def revive(
    message_id: Annotated[
        str | None, typer.Argument(help="As outbox list shows it; none with --all.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that was given up.")] = False,
) -> None:
    """Try again what was given up."""
    if everything == (message_id is not None):
        raise InvalidInput("name one message, or say --all")
    with environment(), transaction() as session:
        ids = [_id(message_id)] if message_id is not None else _dead(session)
        now = utc_now()
        revived = sum(outbox_rows.revive(session, each, now=now) for each in ids)
    if message_id is not None and not revived:
        raise NotFound(f"no message {message_id} was given up")
    say(f"{revived} messages are tried again")


@outbox.command("replay")
def replay(
    first: Annotated[str, typer.Option("--from", help="The first day, 2026-11-01.")],
    last: Annotated[str, typer.Option("--to", help="The last day, included.")],
    event: Annotated[str, typer.Option("--event", help="Only events of this name.")] = "",
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell the events of some days again, under the same ids, to a receiver that lost them."""
    span = Span(first=read_day(first, "--from"), last=read_day(last, "--to"), event=event)
    place = settings().jurisdiction
    with environment(), transaction() as session:
        found = count_told(session, span, jurisdiction=place)
        if not is_dry_run:
            tell_again(session, span, jurisdiction=place, now=utc_now())
    if as_json:
        say_json({"made": not is_dry_run, "events": found})
        return
    show_table(("event", "told again" if not is_dry_run else "to tell"), list(found.items()))


def _dead(session: Any) -> list[UUID]:
    statement = sa.select(col(OutboxMessage.id)).where(col(OutboxMessage.dead_at).is_not(None))
    return list(session.execute(statement).scalars())


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no id of a message") from None


@keys.command("rotate")
def rotate(
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Make no further key; encrypt what older keys still hold."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new key and encrypt all medical content under it; work goes on meanwhile."""
    from medcontrol.services.keys import rotate as renew

    console = Console(stderr=True)
    done = 0
    with environment(), console.status("encrypting anew") as status:

        def on_chunk(what: str, count: int) -> None:
            nonlocal done
            done += count
            status.update(f"encrypting anew: {done} done, now {what}")

        rotation = renew(wiring.keys(), wiring.tools().documents, resume=resume, on_chunk=on_chunk)
    if as_json:
        say_json(rotation.as_json())
    else:
        say(f"the active key is {rotation.active}")
        show_table(("what", "encrypted anew"), sorted(rotation.renewed.items()))
    if rotation.unreadable_count:
        for name in [] if as_json else rotation.unreadable:
            say(f"can't be read: {name}")
        fail(f"{rotation.unreadable_count} can't be read and stay as they are")
