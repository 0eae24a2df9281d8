"""Where physical files lie (papier): slips and files under lock, movements written down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.errors import Forbidden, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import ControlFile, PaperMovement, PaperSlip, PaperSlipFile, Unit
from medcontrol.policy import Action, Principal, agent_units, visible
from medcontrol.rules.scanning import read_code
from medcontrol.services import files
from medcontrol.vocabulary import PaperFileState, PaperMove

LONGEST_TEXT = 120
_SEEN = frozenset({PaperMove.PLACED, PaperMove.ARRIVED, PaperMove.FOUND})


class UnreadableCode(InvalidInput):
    """What was scanned is no reference, or was read wrong."""

    code = "paper.unreadable"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who does it, at which instant."""

    principal: Principal
    now: datetime

    @property
    def actor(self) -> journal.Actor:
        """Who is written into the journal."""
        return journal.Actor(self.principal.kind, self.principal.name, self.principal.id)


def lock_slip(session: Session, slip_id: UUID) -> PaperSlip:
    """Lock a slip until the caller's transaction ends, and return it as it is now.

    Raises:
        NotFound: there is no such slip.
    """
    slip = session.get(PaperSlip, slip_id, with_for_update=True, populate_existing=True)
    if slip is None:
        raise NotFound("no such slip")
    return slip


def must_be_of(desk: Desk, unit: str) -> None:
    """Refuse who is no agent of this unit.

    Raises:
        Forbidden: another unit's agent.
    """
    if unit not in agent_units(desk.principal):
        raise Forbidden(f"an agent of {unit}")


def find_file(session: Session, desk: Desk, scanned: str) -> ControlFile:
    """Return the file of a scanned reference, locked.

    Raises:
        UnreadableCode: no reference.
        NotFound: no such file, or another unit's.
    """
    reference = read_code(scanned)
    if reference is None:
        raise UnreadableCode(field="scan")
    found = session.exec(
        select(ControlFile.id).where(
            ControlFile.reference == reference,
            visible(desk.principal, ControlFile, Action.ADMINISTRATE),
        )
    ).first()
    if found is None:
        raise NotFound("no such file of your units", field="scan")
    return files.lock(session, found)


def lines_of(session: Session, slip_id: UUID) -> Sequence[PaperSlipFile]:
    """Return what stands on a slip as it is now, in its order."""
    return session.exec(
        select(PaperSlipFile)
        .where(PaperSlipFile.slip_id == slip_id)
        .order_by(col(PaperSlipFile.position))
        .execution_options(populate_existing=True)
    ).all()


def lock_files(session: Session, ids: Collection[UUID]) -> list[ControlFile]:
    """Lock files by ascending id."""
    return [files.lock(session, each) for each in sorted(ids)]


def lock_expected(session: Session, slip_id: UUID) -> list[PaperSlipFile]:
    """Lock the files that a slip still waits for, and return their lines.

    A file of this slip may come out of another parcel: what was so while its lock was awaited
    is read again.
    """
    lines = lines_of(session, slip_id)
    lock_files(session, [each.control_file_id for each in lines if _is_expected(each)])
    return [each for each in lines_of(session, slip_id) if _is_expected(each)]


def _is_expected(line: PaperSlipFile) -> bool:
    return line.state is PaperFileState.EXPECTED


def unit_name(session: Session, code: str) -> str:
    """Return how a unit is called."""
    return session.get_one(Unit, code).name


def note(
    session: Session,
    desk: Desk,
    ids: Collection[UUID],
    what: PaperMove,
    *,
    unit: str,
    slip: PaperSlip | None = None,
    location: str | None = None,
    actor: journal.Actor | None = None,
) -> None:
    """Write where locked files are now, into their history and their journal.

    One that is seen again is no longer missing, whichever slip missed it.
    """
    who = actor or desk.actor
    facts: dict[str, Any] = {"unit": unit} | ({"slip": slip.number} if slip else {})
    for each in ids:
        movement = PaperMovement(
            id=new_id(), control_file_id=each, at=desk.now, what=what, unit_code=unit,
            location=location, slip_id=slip.id if slip else None, by_id=who.id, by_name=who.label,
        )  # fmt: skip
        session.add(movement)
    session.flush()
    if what in _SEEN:
        session.execute(
            sa.update(PaperSlipFile)
            .where(
                col(PaperSlipFile.control_file_id).in_(list(ids)),
                col(PaperSlipFile.state) == PaperFileState.MISSING,
            )
            .values(state=PaperFileState.FOUND)
        )
    entries = [journal.Entry(each, f"paper.{what}", facts) for each in ids]
    journal.record_many(session, entries, actor=who, now=desk.now)


def slip_under_way(session: Session, file_id: UUID) -> UUID | None:
    """Return the slip that a file stands on and that was not received yet."""
    return session.exec(
        select(PaperSlipFile.slip_id).where(
            PaperSlipFile.control_file_id == file_id, col(PaperSlipFile.travels)
        )
    ).first()
