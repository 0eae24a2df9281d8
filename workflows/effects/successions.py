"""A file that follows from a decision (dossier suivant): asked for here, opened once it stands."""

from datetime import date, timedelta
from typing import Any

from medcontrol import journal, outbox
from medcontrol.model import ControlFile, Entitlement
from medcontrol.services import files
from workflows.engine.paths import OperationCall
from workflows.steps.moving import Move

#: Its task opens the file (``workflows.linked.successions``).
TOPIC = "files.open_next"


def key_of(control_file_id: object, version: int) -> str:
    """Return the key of what a decision asks to be opened, by the version that it was taken on."""
    return f"{TOPIC}:{control_file_id}:{version}"


def open_file(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Ask for a file of another flow about the same person, once this decision can't be undone."""
    payload = {"control_file_id": str(move.file.id), **arguments}
    undoable = timedelta(seconds=move.tools.undo_seconds if move.occasion.is_undoable else 0)
    move.publish(
        outbox.NewMessage(
            topic=TOPIC, key=key_of(move.file.id, move.file.version), payload=payload,
            not_before=move.now + undoable,
        )
    )  # fmt: skip


def right_before(move: Move) -> Entitlement | None:
    """Return the right that this file's follows: of the file that it was opened from."""
    if move.file.parent_id is None:
        return None
    parent = move.session.get_one(ControlFile, move.file.parent_id, populate_existing=True)
    if parent.flow == move.file.flow or parent.entitlement_id is None:
        return None
    return move.session.get(Entitlement, parent.entitlement_id, populate_existing=True)


def first_day(before: Entitlement | None, wanted: date) -> date:
    """Return the first day of a right: the day after the one that it follows, if that is later."""
    if before is None or before.valid_to is None:
        return wanted
    return max(wanted, before.valid_to + timedelta(days=1))


def tell_before(move: Move, number: str) -> None:
    """Let the file that this one was opened from say that its right is followed by another."""
    assert move.file.parent_id is not None  # noqa: S101 - there is a right before
    files.lock(move.session, move.file.parent_id)
    facts = {"file": str(move.file.id), "number": number}
    journal.record(
        move.session, move.file.parent_id, "entitlement.followed", facts, now=move.now,
        actor=move.actor,
    )  # fmt: skip
