"""``medcontrol selectivity rules``: what analysts do with a version, step by step."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime.commands.output import AsJson, fail, read_day, say_json, today, warn
from runtime.commands.selectivity.rules import Name, name_of, rules, show_findings
from runtime.environment import environment

if TYPE_CHECKING:
    from sqlmodel import Session

    from selectivity.lifecycle.rows import Act

By = Annotated[str, typer.Option("--by", help="Login of the analyst who does it.")]
Note = Annotated[str, typer.Option("--note", help="Why, for those who read it later.")]


@rules.command("draft")
def draft(
    by: By,
    parent: Annotated[
        str | None, typer.Option("--from", help="Version to draw it from; default: in force.")
    ] = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Begin a draft from a version; ``selectivity import --by`` begins one from a file."""
    from selectivity.lifecycle import service

    with environment(), transaction() as session:
        act = _act(session, f"{settings().jurisdiction}/0", by, note)
        source = None if parent is None else name_of(parent)[1]
        number = service.draft(session, act, parent=source)
    _done(f"{act.code}/{number}", "draft", as_json=as_json)


@rules.command("submit")
def submit(name: Name, by: By, note: Note = "", as_json: AsJson = False) -> None:
    """Close a draft: every check must pass, and its content then stands."""
    from selectivity.faults import RuleSetFault
    from selectivity.lifecycle import service

    with environment():
        try:
            with transaction() as session:
                findings = service.submit(session, _act(session, name, by, note))
        except RuleSetFault as fault:
            if as_json:
                say_json({"version": name, "findings": [each.as_json() for each in fault.findings]})
            else:
                show_findings(fault.findings)
            fail(f"{len(fault.findings)} faults; {name} stays a draft")
    if not as_json:
        show_findings(findings)
    _done(name, "checked", as_json=as_json)


@rules.command("accept")
def accept(
    name: Name,
    by: By,
    backtest: Annotated[
        str | None, typer.Option("--backtest", help="Its id; default: the newest that ended well.")
    ] = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Accept a finished back-test of exactly this version."""
    from selectivity.lifecycle import checking, service, store

    with environment(), transaction() as session:
        act = _act(session, name, by, note)
        try:
            run = UUID(backtest) if backtest else None
        except ValueError:
            raise InvalidInput(f"--backtest: {backtest!r} is no id") from None
        sha256 = store.version(session, act.code, act.version).sha256
        run = run or checking.finished_backtest(session, sha256)
        if run is None:
            fail(f"{name}: no back-test of it has ended well; see medcontrol selectivity backtest")
        service.accept_backtest(session, act, run)
    _done(name, "backtested", as_json=as_json)


@rules.command("shadow")
def shadow(name: Name, by: By, note: Note = "", as_json: AsJson = False) -> None:
    """Compute a back-tested version beside the rules in force, without deciding."""
    from selectivity.lifecycle import service

    with environment(), transaction() as session:
        service.begin_shadow(session, _act(session, name, by, note))
    _done(name, "shadow", as_json=as_json)


@rules.command("approve")
def approve(name: Name, by: By, note: Note = "", as_json: AsJson = False) -> None:
    """Approve a back-tested version, as somebody who neither wrote nor last edited it."""
    from selectivity.lifecycle import service

    with environment(), transaction() as session:
        service.approve(session, _act(session, name, by, note))
    _done(name, "approved", as_json=as_json)


@rules.command("publish")
def publish(
    name: Name,
    by: By,
    valid_from: Annotated[str, typer.Option("--from", help="First day, 2026-12-01.")],
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Let an approved version decide from a day on, tomorrow at the earliest."""
    from selectivity.lifecycle import service

    day = read_day(valid_from, "--from")
    with environment(), transaction() as session:
        service.publish(session, _act(session, name, by, note), day)
    _done(name, "published", as_json=as_json)


@rules.command("retire")
def retire(name: Name, by: By, note: Note = "", as_json: AsJson = False) -> None:
    """End a version: today is the last day of a published one, another is given up."""
    from selectivity.lifecycle import service

    with environment(), transaction() as session:
        service.retire(session, _act(session, name, by, note))
    _done(name, "retired", as_json=as_json)


@rules.command("reopen")
def reopen(name: Name, by: By, note: Note = "", as_json: AsJson = False) -> None:
    """Take a version that is not published back to draft."""
    from selectivity.lifecycle import service

    with environment(), transaction() as session:
        service.reopen(session, _act(session, name, by, note))
    _done(name, "draft", as_json=as_json)


def _act(session: "Session", name: str, login: str, note: str) -> "Act":
    from medcontrol.services.users import by_login, principal_for
    from selectivity.lifecycle.rows import Act

    code, number = name_of(name)
    actor = principal_for(session, by_login(session, login), today())
    return Act(code=code, version=number, actor=actor, now=utc_now(), note=note)


def _done(name: str, status: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"version": name, "status": status})
    else:
        warn(f"{name}: {status}")
