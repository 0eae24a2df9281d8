"""Registering an appeal (enregistrement d'un recours): its own file about the contested one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from assignment.exclusions import LINKED
from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import AlreadyDone, DomainError, Forbidden, InvalidInput, Kind, NotFound
from medcontrol.legal.loading import law
from medcontrol.model import Appeal, ControlFile, Decision, Letter
from medcontrol.policy import Action, Principal, may
from medcontrol.services import files, medical
from medcontrol.vocabulary import ActorKind, ControlLevel, MedicalRecordKind, Role
from workflows import effects, engine
from workflows.linked.appeal_snapshot import canonical, collect, copy_documents, digest
from workflows.linked.files import NewLinked, open_linked
from workflows.steps import moving
from workflows.steps.arrivals import NewDocument, stored
from workflows.steps.ending import actor_of, save_change
from workflows.tools import Tools

FILE_DAYS = "clocks.appeal_file_days"
FILED_BY = ("insured", "beneficiary", "representative", "provider", "treating_doctor")
CONTESTS = ("medical", "administrative", "both")
REGISTRARS = (Role.APPEALS_SECRETARY,)
MOST = 20_000


class AppealPending(DomainError):
    """An appeal against this decision is pending."""

    kind = Kind.CONFLICT
    code = "appeal.pending"


class NothingToContest(DomainError):
    """The file has no decision that an appeal could contest."""

    kind = Kind.CONFLICT
    code = "appeal.nothing_to_contest"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAppeal:
    """An appeal as it came in.

    Attributes:
        contested_file_id: the closed file whose decision is contested.
        filed_on: when it was posted or handed in: what the filing limit counts.
        filed_by: one of ``FILED_BY``. contests: one of ``CONTESTS``.
        reasons: what the person says; medical content, encrypted.
    """

    contested_file_id: UUID
    filed_on: date
    filed_by: str
    contests: str
    reasons: str
    documents: Sequence[NewDocument] = ()


@dataclass(frozen=True, slots=True)
class Contested:
    """The decision that an appeal is about, and until when it may be contested."""

    decision: Decision
    notified_on: date
    limit_on: date


def register_appeal(
    session: Session, tools: Tools, command: RegisterAppeal, *, by: Principal, now: datetime
) -> ControlFile:
    """Open an appeal against a file's decision and freeze what it was taken on.

    One transaction: the linked file, the snapshot with its hash in the journal, copies of the
    documents, and what the person sent. Locks the contested file, so that of two registrations
    at once one is told of the other. A late appeal is registered all the same: its admissibility
    is a step of the flow.

    Raises:
        Forbidden: not a secretary of appeals with a right to see the file.
        NotFound: no such file.
        NothingToContest: the file is open, without decision, or itself an appeal or expertise.
        AppealPending, AlreadyDone: this decision is contested now, or was before.
        InvalidInput: ``field`` names what is wrong.
    """
    _check_may(session, by, command.contested_file_id)
    contested = files.lock(session, command.contested_file_id)
    found = contested_decision(session, contested, tools.undo_seconds, now)
    _check(command, found, contested.jurisdiction, now)
    _refuse_second(session, found.decision)
    content = canonical(collect(session, tools.keys, contested, found.decision))
    appeal = open_linked(session, tools, contested, _linked(contested, command), now=now)
    row = _row(command, found, appeal, by, now)
    row.snapshot_id = medical.write(
        session, tools.keys, appeal.id, MedicalRecordKind.SNAPSHOT, content, author_id=None, now=now
    )
    row.snapshot_hash = digest(content)
    session.add(row)
    medical.write(
        session, tools.keys, appeal.id, MedicalRecordKind.INTAKE,
        {"medical": {"summary": command.reasons.strip()}}, author_id=by.id, now=now,
    )  # fmt: skip
    copied = copy_documents(session, contested, found.decision, appeal)
    session.add_all(stored(tools, each, appeal.received_file_id, now) for each in command.documents)
    _tell(session, appeal, row, copied, by, now)
    session.refresh(appeal)
    return appeal


def _check_may(session: Session, by: Principal, file_id: UUID) -> None:
    is_client = by.kind is ActorKind.CLIENT
    if not is_client and not by.has(*REGISTRARS):
        raise Forbidden("appeals are registered by their secretary")
    if not may(session, by, file_id, Action.SEE):
        raise NotFound("there is no such file")


def contested_decision(
    session: Session, file: ControlFile, undo_seconds: int, now: datetime
) -> Contested:
    """Return a file's decision that stands, when it was notified and how long it may be contested.

    Notified is the day on which its letter left, of the decision itself without a letter.

    Raises:
        NothingToContest: no such decision, or it may still be undone.
    """
    decision = session.exec(
        select(Decision)
        .where(Decision.control_file_id == file.id, col(Decision.undone_at).is_(None))
        .order_by(col(Decision.decided_at).desc(), col(Decision.id).desc())
        .limit(1)
    ).first()
    if decision is None or file.closed_at is None or file.flow in LINKED:
        raise NothingToContest("no decision stands on this file")
    if decision.before is not None and now < decision.decided_at + timedelta(seconds=undo_seconds):
        raise NothingToContest("the decision may still be undone")
    sent = session.execute(
        sa.select(sa.func.max(Letter.sent_at)).where(
            col(Letter.control_file_id) == file.id,
            col(Letter.written_at) == decision.decided_at,
        )
    ).scalar()
    notified = civil_date(sent or decision.decided_at, file.jurisdiction)
    days = law(file.jurisdiction).number(FILE_DAYS, notified).value
    return Contested(decision, notified, notified + timedelta(days=days))


def _check(command: RegisterAppeal, found: Contested, jurisdiction: str, now: datetime) -> None:
    decided = civil_date(found.decision.decided_at, jurisdiction)
    if not decided <= command.filed_on <= civil_date(now, jurisdiction):
        raise InvalidInput(f"between {decided} and today", field="filed_on")
    if command.filed_by not in FILED_BY:
        raise InvalidInput("who files it", field="filed_by")
    if command.contests not in CONTESTS:
        raise InvalidInput("which part is contested", field="contests")
    if not 0 < len(command.reasons.strip()) <= MOST:
        raise InvalidInput("an appeal gives its reasons", field="reasons")


def _refuse_second(session: Session, decision: Decision) -> None:
    """Refuse a second appeal, unless the first one was not admitted or withdrawn."""
    for row in session.exec(select(Appeal).where(Appeal.contested_decision_id == decision.id)):
        if row.outcome is None:
            raise AppealPending("an appeal against this decision is pending")
        if row.outcome not in ("inadmissible", "withdrawn"):
            raise AlreadyDone("an appeal against this decision was decided")


def _linked(contested: ControlFile, command: RegisterAppeal) -> NewLinked:
    """Return the file to open: at the region at least, above a decision of the region itself."""
    level = contested.level
    if level is ControlLevel.LOCAL:
        level = ControlLevel.REGIONAL
    return NewLinked(
        flow="appeal", nature=command.contests, level=level,
        form={"contests": command.contests}, is_urgent=contested.is_urgent,
    )  # fmt: skip


def _row(
    command: RegisterAppeal, found: Contested, appeal: ControlFile, by: Principal, now: datetime
) -> Appeal:
    return Appeal(
        control_file_id=appeal.id,
        contested_file_id=command.contested_file_id,
        contested_decision_id=found.decision.id,
        filed_on=command.filed_on,
        filed_by=command.filed_by,
        contests=command.contests,
        limit_on=found.limit_on,
        registered_by=by.id,
        registered_at=now,
        snapshot_id=appeal.id,
        snapshot_hash="",
    )


def _tell(
    session: Session, appeal: ControlFile, row: Appeal, copied: int, by: Principal, now: datetime
) -> None:
    actor = actor_of(by)
    frozen = {"sha256": row.snapshot_hash, "documents": copied}
    registered = {
        "filed_on": str(row.filed_on), "filed_by": row.filed_by, "contests": row.contests,
        "limit_on": str(row.limit_on), "decision": str(row.contested_decision_id),
    }  # fmt: skip
    journal.record(session, appeal.id, "appeal.registered", registered, actor=actor, now=now)
    journal.record(session, appeal.id, "snapshot.frozen", frozen, actor=actor, now=now)


def receive_observations(
    session: Session, tools: Tools, file_id: UUID, text: str, *, principal: Principal,
    now: datetime,
) -> bool:  # fmt: skip
    """Keep what the person says to what was found, encrypted; the appeal goes on when it waited.

    Returns:
        Whether the flow waited for it.

    Raises:
        Forbidden: not the appeal's secretary nor its doctor.
        InvalidInput: empty, or longer than 20,000 characters.
    """
    if not 0 < len(text.strip()) <= MOST:
        raise InvalidInput("observations have 1 to 20,000 characters", field="text")
    allowed = (Action.ADMINISTRATE, Action.CONTROL)
    if not any(may(session, principal, file_id, action) for action in allowed):
        raise Forbidden("this appeal is not yours")
    move = moving.begin(session, tools, file_id, actor=actor_of(principal), now=now)
    medical.write(
        session, tools.keys, file_id, MedicalRecordKind.REASONING,
        {"reasoning": text.strip(), "step": "wait_for_observations"}, author_id=principal.id,
        now=now,
    )  # fmt: skip
    advance = engine.receive(move.pack, move.flow.state, "observations_received")
    if advance is None:
        save_change(move, "observations.received", was_late=True)
        return False
    move.tell("observations.received", was_late=False)
    session.flush()
    effects.carry_out(move, advance)
    moving.settle(move, advance)
    return True
