"""``medcontrol intake`` and ``quarantine``: files that come in, and lines that did not pass."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO
from uuid import UUID

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sqlmodel import col, select

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.ids import new_id
from medcontrol.intake import Line, UnreadableDelivery, read_lines
from medcontrol.model import IntakeBatch, QuarantinedMessage
from runtime import wiring
from runtime.commands.output import AsJson, fail, say, say_json, show_table
from runtime.environment import environment

if TYPE_CHECKING:
    # It loads the flow engine, which --help does without.
    from workflows.gate.counts import Counts

_SHOWN = 20
_ONLY_FILES = ("accepted", "quarantined", "duplicates", "conflicts", "already_handled")


def intake(
    file: Annotated[
        str, typer.Argument(help="NDJSON in the intake format, plain or .gz; - for standard input.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="What the batch is called; default: the file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take files in: check, select, open, assign. Lines that do not pass wait in quarantine.

    Run again after a crash, it goes on where it was: what came in before counts as duplicate.
    """
    take_in_file(file, name=name, as_json=as_json, with_report=False)


def take_in_file(file: str, *, name: str | None, as_json: bool, with_report: bool) -> None:
    """Take a delivery in and say what became of it; end with 1 when it can't be read to its end.

    ``with_report`` also names each line that went to quarantine.
    """
    from workflows.gate.counts import BatchName
    from workflows.gate.intake import take_in

    started = time.monotonic()
    delivery = _Delivery()
    with _opened(file) as (stream, size), environment():
        batch = _begin_batch(name or ("standard input" if file == "-" else Path(file).name))
        with _progress(stream, size) as advance:
            counts = take_in(
                wiring.tools(),
                delivery.lines(stream),
                batch=BatchName(batch.id, batch.name),
                now=utc_now,
                on_chunk=advance,
            )
        _end_batch(batch.id, delivery.damage)
        faults = _faults(batch.id) if with_report else []
    result = counts.as_json() | {"batch": str(batch.id)}
    result["seconds"] = round(time.monotonic() - started, 2)
    if with_report:
        result |= {"not_opened": counts.accepted - counts.opened, "faults": faults}
    _show(result, as_json)
    if delivery.damage is not None:
        fail(f"{file}: {delivery.damage}; what precedes the damage was taken in")


class _Delivery:
    """The lines of a delivery up to where it is damaged, and what the damage is."""

    damage: str | None = None

    def lines(self, stream: BinaryIO) -> Iterator[Line]:
        """Yield what can be read; all of it is then taken in, whatever comes after."""
        try:
            yield from read_lines(stream)
        except UnreadableDelivery as error:
            self.damage = str(error)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """Give the stream and, when it is known, its size in bytes."""
    if file == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(file)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}") from None
    with stream:
        yield stream, path.stat().st_size if path.is_file() else None


@contextmanager
def opened_delivery(file: str) -> Iterator[Iterator[Line]]:
    """Give the lines of a file, plain or .gz, or of standard input ("-").

    Raises:
        InvalidInput: the file can't be read.
        UnreadableDelivery: on the way, where the delivery is damaged.
    """
    with _opened(file) as (stream, _):
        yield read_lines(stream)


@contextmanager
def _progress(stream: BinaryIO, size: int | None) -> Iterator[Callable[["Counts"], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _so_far: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[files]} files"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("intake", total=size, files=0)

        def advance(so_far: "Counts") -> None:
            done = stream.tell() if size is not None else None
            bar.update(task, completed=done, files=so_far.received)

        yield advance


def _begin_batch(name: str) -> IntakeBatch:
    now = utc_now()
    batch = IntakeBatch(id=new_id(), name=name[:200], created_at=now, started_at=now, counts={})
    with transaction() as session:
        session.add(batch)
    return batch


def _end_batch(batch_id: UUID, damage: str | None) -> None:
    with transaction() as session:
        session.execute(
            sa.update(IntakeBatch)
            .where(col(IntakeBatch.id) == batch_id)
            .values(finished_at=utc_now(), error=damage)
        )


def _faults(batch_id: UUID) -> list[dict[str, Any]]:
    """Return line, place and kind of each fault of a batch; never a value."""
    with read_only() as session:
        rows = session.exec(
            select(QuarantinedMessage)
            .where(QuarantinedMessage.batch_id == batch_id)
            .order_by(col(QuarantinedMessage.line_no))
        ).all()
        return [
            {"line": row.line_no, "path": error["path"], "code": error["code"]}
            for row in rows
            for error in row.errors
        ]


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(result)
        return
    say(f"{result['received']} lines received in {result['seconds']} s")
    rows = [(name.replace("_", " "), result[name]) for name in _ONLY_FILES]
    rows += [(f"lane {lane}", count) for lane, count in result["by_lane"].items()]
    rows += [(name, result[name]) for name in ("opened", "assigned", "unassigned")]
    show_table(("what", "files"), rows)
    if result.get("not_opened"):
        say(f"{result['not_opened']} files went on without control: they lack control.required")
    if result.get("faults"):
        faults = [(each["line"], each["path"], each["code"]) for each in result["faults"]]
        show_table(("line", "member", "what is wrong"), faults[:_SHOWN])
    if result["quarantined"] or result["conflicts"]:
        say("medcontrol quarantine list shows what did not pass")
