"""What analysts do with versions of the rules, from draft to retired (cycle de vie).

Every function runs inside the caller's transaction, locks the version's row, refuses everybody
but analysts and leaves a line in the version's history. What was published never changes.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import RuleSetVersion
from medcontrol.vocabulary import RuleSetStatus as State
from selectivity import packaged
from selectivity.checks import blocking, check
from selectivity.faults import Finding, RuleSetFault
from selectivity.lifecycle import checking, store
from selectivity.lifecycle.refusals import BadFirstDay, NotBacktested, NothingElse, SamePerson
from selectivity.lifecycle.rows import Act, content, locked, move, must_write, record
from selectivity.reading import canonical, digest, read_data

LARGEST = 4_000_000
"""Characters of a rule set's canonical text; ten thousand rows have fewer."""


def draft(session: Session, act: Act, *, parent: int | None = None, data: Any = None) -> int:
    """Begin a new version and return its number.

    Args:
        session: the caller's.
        act: ``version`` is not read: the next free number is taken.
        parent: the version that it is drawn from; the one in force when not given.
        data: other content than the parent's, as from an import.

    Raises:
        Forbidden: the actor is no analyst.
        NotFound: there is no such parent, or nothing is in force to begin with.
    """
    must_write(act.actor)
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtext('rule_set_version'), hashtext(:code))"),
        {"code": act.code},
    )
    today = civil_date(act.now, act.code)
    known = store.versions(session, act.code)
    if parent is None and data is None:
        found = store.deciding(known, today)
        if found is None:
            raise NotFound(f"no rules of {act.code} are in force to begin with", field="parent")
        parent = found.version
    number = max((each.version for each in known), default=0) + 1
    if data is None:
        data = content(session, act.code, parent or 0)
        data = {**data, "valid_from": (today + timedelta(days=1)).isoformat()}
    row = RuleSetVersion.model_validate(
        {
            "code": act.code,
            "version": number,
            **_content(data, act.code, number),
            "parent": parent,
            "note": act.note.strip(),
            "author_id": act.actor.id,
            "author_name": act.actor.name,
            "created_at": act.now,
            "editor_id": act.actor.id,
            "editor_name": act.actor.name,
            "edited_at": act.now,
        }
    )
    record(session, row, replace(act, version=number), "drafted", None)
    return number


def save(session: Session, act: Act, data: Any) -> int:
    """Replace the content of a draft and return its new revision; faults may stand in it.

    Raises:
        WrongState: it is no draft.
        StaleRules: somebody else saved since the page was drawn.
        InvalidInput: no mapping, or too large.
    """
    row = locked(session, act, State.DRAFT)
    changed = _content(data, act.code, act.version)
    if changed["sha256"] == row.sha256:
        return row.revision
    row.content, row.sha256 = changed["content"], changed["sha256"]
    row.revision += 1
    row.editor_id, row.editor_name, row.edited_at = act.actor.id, act.actor.name, act.now
    record(session, row, act, "edited", State.DRAFT)
    return row.revision


def submit(session: Session, act: Act) -> tuple[Finding, ...]:
    """Close a draft for checking and return the warnings; from here on its content stands.

    Raises:
        RuleSetFault: static checks block it; every finding is in it.
    """
    row = locked(session, act, State.DRAFT)
    findings = checking.check_version(session, act.code, content(session, act.code, act.version))
    faults = blocking(findings)
    if faults:
        raise RuleSetFault(f"{act.code}/{act.version}", faults)
    move(session, row, act, State.CHECKED, "checked")
    return findings


def accept_backtest(session: Session, act: Act, backtest_id: UUID) -> None:
    """Say that a back-test of this very content was looked at and is good enough.

    Raises:
        NotBacktested: the run is of other content, or has not ended well.
    """
    row = locked(session, act, State.CHECKED)
    if not checking.is_backtest_of(session, backtest_id, row.sha256):
        raise NotBacktested(f"{backtest_id} is no finished back-test of {row.sha256}")
    row.backtest_id = backtest_id
    move(session, row, act, State.BACKTESTED, "backtested")


def begin_shadow(session: Session, act: Act) -> None:
    """Compute the version beside the rules in force, from today, without deciding anything."""
    row = locked(session, act, State.BACKTESTED)
    row.shadow_from = civil_date(act.now, act.code)
    move(session, row, act, State.SHADOW, "shadowed")


def approve(session: Session, act: Act) -> None:
    """Approve a version that was back-tested, as a second person.

    Raises:
        SamePerson: the actor wrote it or edited it last.
    """
    row = locked(session, act, State.BACKTESTED, State.SHADOW)
    if act.actor.id in (row.author_id, row.editor_id):
        raise SamePerson
    row.approver_id, row.approver_name = act.actor.id, act.actor.name
    row.approved_at = act.now
    move(session, row, act, State.APPROVED, "approved")


def publish(session: Session, act: Act, valid_from: date) -> None:
    """Let an approved version decide all files received from a day on; it never changes again.

    Raises:
        BadFirstDay: today or before, or not after the first day of what was published before.
        RuleSetFault: on that day a check would block it, such as a row that expired meanwhile.
    """
    row = locked(session, act, State.APPROVED)
    _check_first_day(session, act, valid_from)
    rules = read_data(content(session, act.code, act.version), source=f"{act.code}/{act.version}")
    faults = blocking(check(replace(rules, valid_from=valid_from)))
    if faults:
        raise RuleSetFault(f"{act.code}/{act.version}", faults)
    row.valid_from, row.published_at = valid_from, act.now
    move(session, row, act, State.PUBLISHED, "published")


def retire(session: Session, act: Act) -> None:
    """End a version: a published one decides today for the last time, another is given up.

    What was in force before it decides again from tomorrow.

    Raises:
        NothingElse: without it no rules would be in force.
    """
    row = locked(session, act, *(each for each in State if each is not State.RETIRED))
    if row.published_at is not None:
        today = civil_date(act.now, act.code)
        begun = row.valid_from is not None and row.valid_from <= today
        row.valid_until = today if begun else (row.valid_from or today) - timedelta(days=1)
        _check_something_else(session, act, today + timedelta(days=1))
    row.retired_at = act.now
    move(session, row, act, State.RETIRED, "retired")


def reopen(session: Session, act: Act) -> None:
    """Take a version that is not published back to draft; checks and approval are void."""
    states = (State.CHECKED, State.BACKTESTED, State.SHADOW, State.APPROVED)
    row = locked(session, act, *states)
    row.backtest_id = row.shadow_from = None
    row.approver_id = row.approver_name = row.approved_at = None
    move(session, row, act, State.DRAFT, "reopened")


def _content(data: Any, code: str, number: int) -> dict[str, str]:
    """Return the canonical text of rules and its hash; the version's name is always its own."""
    if not isinstance(data, dict):
        raise InvalidInput("a rule set is a mapping", field="content")
    named = {**data, "code": code, "version": number}
    text = canonical(named)
    if len(text) > LARGEST:
        raise InvalidInput(f"more than {LARGEST} characters", field="content")
    return {"content": text, "sha256": digest(named)}


def _check_first_day(session: Session, act: Act, valid_from: date) -> None:
    today = civil_date(act.now, act.code)
    if valid_from <= today:
        raise BadFirstDay(f"{valid_from} is not after today, {today}", field="valid_from")
    if valid_from > today + timedelta(days=366):
        raise BadFirstDay(f"{valid_from} is more than a year ahead", field="valid_from")
    if act.version in packaged.versions(act.code):
        raise BadFirstDay(
            f"{act.code}/{act.version} now also comes with the system; draw a new version from it",
            field="version",
        )
    for each in store.versions(session, act.code):
        if each.is_packaged or each.status is not State.PUBLISHED or each.valid_from is None:
            continue
        if each.valid_from >= valid_from:
            raise BadFirstDay(f"{each.name} begins on {each.valid_from}", field="valid_from")


def _check_something_else(session: Session, act: Act, day: date) -> None:
    others = [each for each in store.versions(session, act.code) if each.version != act.version]
    if store.deciding(others, day) is None:
        raise NothingElse(f"{act.code}/{act.version} is the only version")
