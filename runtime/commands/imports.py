"""``medcontrol doctors``, ``import`` and ``calendar``: what an installation is filled with."""

import sys
from typing import Annotated

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.services import calendar as calendar_service
from medcontrol.services import doctors as doctor_service
from medcontrol.services.doctor_history import Said
from medcontrol.services.doctor_tables import KINDS
from medcontrol.services.imports import import_entitlements
from medcontrol.settings import settings
from runtime.commands.bringing_in import Preview as OnlyLook
from runtime.commands.bringing_in import bring_in
from runtime.commands.intake import take_in_file
from runtime.commands.output import (
    AsJson,
    Partial,
    read_day,
    read_file,
    say,
    say_json,
    show_table,
)
from runtime.environment import environment
from workflows.steps import calendar_changes, calendar_impact
from workflows.steps.calendar_reach import Change

doctors = typer.Typer(help="Control doctors and what they may take.", no_args_is_help=True)
imports = typer.Typer(help="Take over from the tool that is replaced.", no_args_is_help=True)
calendar = typer.Typer(help="Days announced as holidays or as worked.", no_args_is_help=True)

File = Annotated[str, typer.Argument(help="A file, or - for standard input.")]
Preview = Annotated[
    bool, typer.Option("--preview", help="Only say what would move; change nothing.")
]
What = Annotated[str, typer.Option("--what", help=", ".join(KINDS))]


@doctors.command("import")
@imports.command("doctors")
def import_doctors(
    file: File,
    what: What = "doctors",
    partial: Partial = False,
    preview: OnlyLook = False,
    as_json: AsJson = False,
) -> None:
    """Bring in a CSV file of doctors or of what they may take and when.

    The same file twice changes nothing. One wrong line keeps the whole file out, unless --partial.
    Says how many open files and rules refer to what is new or changed.
    """
    if what not in KINDS:
        raise InvalidInput(f"--what {what!r} is none of {', '.join(KINDS)}")
    content = read_file(file)
    said = Said(at=utc_now())
    bring_in(
        lambda session: doctor_service.import_csv(
            session, what, content, partial=partial, said=said
        ),
        only_look=preview,
        as_json=as_json,
    )


@doctors.command("export")
def export_doctors(what: What = "doctors") -> None:
    """Print a CSV file of what is saved; brought in again, it changes nothing."""
    with environment(), read_only() as session:
        text = doctor_service.export_csv(session, what, settings().jurisdiction)
    sys.stdout.write(text)


@doctors.command("list")
def list_doctors(
    unit: Annotated[str | None, typer.Option("--unit", help="Only of this unit.")] = None,
    as_json: AsJson = False,
) -> None:
    """List doctors with what they have open."""
    with environment(), read_only() as session:
        found = doctor_service.list_doctors(session, unit_code=unit)
        rows = [
            {
                "code": doctor.code,
                "name": doctor.name,
                "profession": doctor.profession.value,
                "level": doctor.level.value,
                "unit": doctor.unit_code,
                "active": doctor.is_active,
                "open_files": files,
                "open_minutes": points,
                "flows": list(flows),
            }
            for doctor, files, points, flows in found
        ]
    if as_json:
        say_json({"doctors": rows})
        return
    columns = ("code", "name", "profession", "level", "unit", "open_files", "open_minutes")
    show_table(columns, [[row[name] for name in columns] for row in rows])


@imports.command("entitlements")
def entitlements(
    file: File, partial: Partial = False, preview: OnlyLook = False, as_json: AsJson = False
) -> None:
    """Bring in rights that were granted before, by CSV; their reviews open by themselves.

    Says how many open files and rules refer to what is new or changed.
    """
    content, now = read_file(file), utc_now()
    place = settings().jurisdiction
    bring_in(
        lambda session: import_entitlements(
            session, content, jurisdiction=place, now=now, partial=partial
        ),
        only_look=preview,
        as_json=as_json,
    )


@imports.command("open-files")
def open_files(file: File, as_json: AsJson = False) -> None:
    """Bring in files under control, as NDJSON in the intake format.

    Lines need control.required, or selectivity may let them go on without control.
    """
    take_in_file(file, name=None, as_json=as_json, with_report=True)


@calendar.command("add")
def add_day(
    day: Annotated[str, typer.Argument(help="2026-11-20")],
    name: Annotated[str, typer.Argument(help="What it is called, in French.")],
    worked: Annotated[
        bool, typer.Option("--worked", help="Worked although a holiday or a weekend.")
    ] = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Announce a day as not worked; a second time replaces the first.

    Says how many open files and deadlines move; they are counted again in the background.
    """
    that = read_day(day, "DAY")
    name = calendar_service.checked(that, name)
    change = Change(
        jurisdiction=settings().jurisdiction, day=that, is_holiday=not worked, name=name
    )
    _change(change, f"{that} is {'worked' if worked else 'not worked'}: {name}", preview, as_json)


@calendar.command("withdraw")
def withdraw_day(
    day: Annotated[str, typer.Argument(help="2026-11-20")],
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Forget an announcement. Says how many open files and deadlines move."""
    that = read_day(day, "DAY")
    change = Change(jurisdiction=settings().jurisdiction, day=that, is_holiday=None)
    _change(change, f"{that} is as the calendar has it", preview, as_json)


def _change(change: Change, said: str, only_look: bool, as_json: bool) -> None:
    """Show what a change moves, and make it unless one only looks."""
    with environment():
        if only_look:
            with read_only() as session:
                impact = calendar_impact.preview(session, change, now=utc_now())
        else:
            with transaction() as session:
                impact = calendar_impact.preview(session, change, now=utc_now())
                calendar_changes.make(session, change, by=None, now=utc_now())
    if as_json:
        say_json({"made": not only_look, "flows": impact.as_json()})
        return
    if impact.flows:
        heads = ("flow", "files", "deadlines", "legal", "become late", "late no more")
        show_table(
            heads,
            [(f.flow, f.files, f.deadlines, f.legal, f.late, f.relieved) for f in impact.flows],
        )
    say("nothing was changed" if only_look else said)


@calendar.command("list")
def list_days(
    year: Annotated[int | None, typer.Option("--year", help="Only this year.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the announced days."""
    with environment(), read_only() as session:
        found = calendar_service.announced_days(session, settings().jurisdiction, year=year)
        if as_json:
            say_json(
                {
                    "days": [
                        {"day": d.day, "worked": not d.is_holiday, "name": d.name} for d in found
                    ]
                }
            )
        else:
            rows = [(d.day, "no" if d.is_holiday else "yes", d.name) for d in found]
            show_table(("day", "worked", "name"), rows)
