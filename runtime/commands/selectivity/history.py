"""``medcontrol selectivity history``: past controls come in, counters are checked."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import orjson
import typer

from medcontrol.clock import civil_date, utc_now
from medcontrol.db import read_only, transaction
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.intake import opened_delivery
from runtime.commands.output import AsJson, fail, say, say_json, show_table
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

if TYPE_CHECKING:
    from selectivity.history.importing import Imported
    from selectivity.history.lines import LineFault

_SHOWN = 20

history = typer.Typer(help="What files and controls of the past teach.", no_args_is_help=True)
selectivity.add_typer(history, name="history")


@history.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="NDJSON of past files, plain or .gz; - for stdin.")],
    rejects: Annotated[
        str | None,
        typer.Option("--rejects", help="Where lines that do not pass go; default: beside FILE."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import past files with their controls, in any order; each counts as of its own day.

    Lines that do not pass are copied, as they are, to a file that can be corrected and imported
    again; FILE.faults.ndjson says what is wrong with each. Ends with 3 when there were any.
    """
    from selectivity.history.importing import Importer
    from workflows.gate.registers import registers

    beside = Path(rejects or f"{'stdin' if file == '-' else file.removesuffix('.gz')}.rejects")
    with environment():
        tools = wiring.tools()
        now = utc_now()
        today = civil_date(now, settings().jurisdiction)
        with transaction() as session:
            known = registers(session, tools, today)
        with opened_delivery(file) as lines, _appearing(beside) as place:
            found = Importer(tools.keys, known, now, today, place, _progress).run(lines)
    _write_faults(beside.with_name(f"{beside.name}.faults.ndjson"), found.faults)
    _show(found, beside, as_json=as_json)
    if not found.is_complete:
        raise SystemExit(3)


@history.command("status")
def status(as_json: AsJson = False) -> None:
    """Say what is remembered: imported files, outcomes, days, and the last check."""
    from selectivity.history.status import status_of

    with environment(), read_only() as session:
        found = status_of(session)
    if as_json:
        say_json(found)
        return
    show_table(("", ""), [(name.replace("_", " "), value) for name, value in found.items()])


@history.command("check")
def check(
    days: Annotated[
        int, typer.Option("--days", min=1, help="So many days back; default: all of them.")
    ] = 36_500,
    repair: Annotated[
        bool, typer.Option("--repair", help="Count the days that differ anew.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Count files and outcomes again and compare with the counters; end with 4 at a difference."""
    from selectivity.history.checking import check_counters

    with environment():
        now = utc_now()
        today = civil_date(now, settings().jurisdiction)
        found = check_counters(wiring.tools().keys, today=today, days=days, repair=repair)
    if as_json:
        say_json(found.as_json())
    else:
        say(
            f"{found.files} files and {found.outcomes} outcomes counted again in"
            f" {found.seconds:.1f} s: {found.differences} counters differ on {found.days} days"
            + (", which were counted anew" if found.repaired else "")
        )
    if found.differences and not found.repaired:
        fail("the counters of history are not what the files say; see --repair", 4)


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """Give a file that only its owner reads, and leave it only if something was written."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        yield stream
        size = stream.tell()
    if not size:
        path.unlink()


def _write_faults(path: Path, faults: "list[LineFault]") -> None:
    """Write what is wrong with which line: places and codes, never values."""
    path.unlink(missing_ok=True)
    if faults:
        path.write_bytes(b"".join(orjson.dumps(asdict(each)) + b"\n" for each in faults))


def _progress(what: str, count: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{count} {what}   ")


def _show(found: "Imported", beside: Path, *, as_json: bool) -> None:
    if as_json:
        rejects = str(beside) if found.faults else None
        say_json(found.as_json() | {"rejects": rejects, "faults": _as_json(found.faults[:_SHOWN])})
        return
    for name, value in found.as_json().items():
        say(f"{name.replace('_', ' '):<16} {value}")
    if found.faults:
        rows = [(each.line, each.path, each.code, each.expected) for each in found.faults]
        show_table(("line", "member", "what is wrong", "expected"), rows[:_SHOWN])
        say(f"lines that did not pass: {beside}; all faults: {beside}.faults.ndjson")


def _as_json(faults: "list[LineFault]") -> list[dict[str, object]]:
    return [asdict(each) for each in faults]
