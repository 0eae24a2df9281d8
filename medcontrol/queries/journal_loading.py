"""Reading a file's journal for its page (journal du dossier)."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.model import Doctor, JournalEntry
from medcontrol.queries.file_loading import OpenFile
from medcontrol.queries.file_tabs import JournalKind, JournalRow

JOURNAL_LIMIT = 500

# Columns of the tables, not values of a row.
Entry: Any = JournalEntry
Names: Any = Doctor

# Action codes begin with their subject; what is not here is the system's.
_KINDS = {
    "control_file": JournalKind.STATE,
    "step": JournalKind.STATE,
    "opinion": JournalKind.STATE,
    "decision": JournalKind.STATE,
    "completion": JournalKind.STATE,
    "assignment": JournalKind.ASSIGNMENT,
    "document": JournalKind.DOCUMENT,
    "letter": JournalKind.DOCUMENT,
    "paper": JournalKind.DOCUMENT,
    "envelope": JournalKind.READING,
    "medical": JournalKind.READING,
    "message": JournalKind.MESSAGE,
}


def load_journal(
    session: Session, opened: OpenFile, kind: JournalKind | None = None
) -> tuple[JournalRow, ...]:
    """Return the newest entries of the journal, all or of one kind; 500 at most."""
    rows = session.exec(
        select(JournalEntry)
        .where(Entry.control_file_id == opened.file.id, _of_kind(kind))
        .order_by(Entry.number.desc())
        .limit(JOURNAL_LIMIT)
    ).all()
    facts = [orjson.loads(row.facts) for row in rows]
    names = _load_names(session, facts)
    return tuple(_row(row, own, names) for row, own in zip(rows, facts, strict=True))


def _of_kind(kind: JournalKind | None) -> sa.ColumnElement[bool]:
    subject = sa.func.split_part(Entry.action, ".", 1)
    if kind is None:
        return sa.true()
    if kind is JournalKind.SYSTEM:
        return subject.not_in(list(_KINDS))
    return subject.in_([name for name, of in _KINDS.items() if of is kind])


def _load_names(session: Session, facts: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the names of the doctors that entries mention by id as what was and what is."""
    mentioned = {str(each[name]) for each in facts for name in ("from", "to") if each.get(name)}
    ids = [UUID(text) for text in mentioned if len(text) == 36]
    if not ids:
        return {}
    rows = session.execute(sa.select(Names.id, Names.name).where(Names.id.in_(ids)))
    return {str(doctor_id): name for doctor_id, name in rows}


def _row(row: JournalEntry, facts: dict[str, Any], names: dict[str, str]) -> JournalRow:
    before, after = facts.get("from"), facts.get("to")
    return JournalRow(
        number=row.number,
        at=row.at,
        kind=_KINDS.get(row.action.partition(".")[0], JournalKind.SYSTEM),
        action=row.action,
        actor_kind=row.actor_kind,
        actor_label=row.actor_label,
        facts=tuple(
            (name, str(value))
            for name, value in facts.items()
            if name not in ("from", "to")
            and not name.endswith("_id")
            and isinstance(value, str | int)
        ),
        before=None if before is None else names.get(str(before), str(before)),
        after=None if after is None else names.get(str(after), str(after)),
    )
