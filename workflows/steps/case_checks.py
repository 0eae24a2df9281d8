"""The computed checks of a file (contrôles calculés): its case, and the checks of its pack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.errors import NotFound
from medcontrol.legal.dated import DatedValue
from medcontrol.legal.loading import law
from medcontrol.model import (
    ControlFile,
    Decision,
    Document,
    Entitlement,
    LineOpinion,
    ReceivedFile,
)
from medcontrol.model.entitlement import is_annulled
from medcontrol.reference.criteria import criteria
from medcontrol.reference.flows import flows
from medcontrol.reference.pathologies import pathologies
from medcontrol.rules.checks import CHECKS
from medcontrol.rules.checks.case import (
    Case,
    CaseLine,
    Check,
    Found,
    Notice,
    PastFile,
    PastRight,
)
from medcontrol.services.care_entries import CARE, last_entry
from medcontrol.vocabulary import (
    ControlFileStatus,
    DecisionOutcome,
    Jurisdiction,
    LineOutcome,
    Relation,
)
from workflows.definition.catalog import Catalog, Pack

# A letter that was withdrawn with its decision says nothing; one that waits will be sent.
_NOTICES = """
SELECT DISTINCT ON (control_file_id) control_file_id AS id,
       context->'decision'->>'outcome' AS outcome, coalesce(sent_at, written_at) AS at
FROM letter
WHERE control_file_id IN :files AND recipient = 'insured' AND status <> 'cancelled'
  AND context->'decision'->>'outcome' IS NOT NULL
ORDER BY control_file_id, written_at DESC, id DESC
"""
#: Earlier files of a person that are looked at, newest first.
LONGEST_PAST = 300
_NOTHING_GRANTED = frozenset(
    {DecisionOutcome.REFUSED_MEDICAL, DecisionOutcome.REFUSED_ADMINISTRATIVE,
     DecisionOutcome.WITHDRAWN}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Computed:
    """A check of a file with its result, and the law that it read: by path, as of the receipt."""

    check: Check
    found: Found
    law: tuple[tuple[str, DatedValue[Any]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What somebody may let the checks read beside the administrative file.

    Attributes:
        answers: the sender's form.
        medical: diagnoses, pathology.
        typed: what the step's form holds so far.
        today: the civil day.
    """

    answers: Mapping[str, Any]
    medical: Mapping[str, Any]
    typed: Mapping[str, Any]
    is_medical: bool
    today: date | None = None


def compute(
    session: Session,
    catalog: Catalog,
    pack: Pack,
    file: ControlFile,
    received: ReceivedFile,
    step: str,
    known: Known,
) -> list[Computed]:
    """Return the checks that the pack computes at a step of a file, in its order.

    Those that read medical content are left out for who may not read it.
    """
    wanted = [
        CHECKS[name]
        for name, rule in pack.meta.checks.items()
        if rule.applies(step, file.nature) and (known.is_medical or not CHECKS[name].is_medical)
    ]
    if not wanted:
        return []
    case = case_of(session, catalog, file, received, known)
    numbers = law(file.jurisdiction)
    return [
        Computed(
            check,
            check.compute(case),
            tuple((p, numbers.parameter(p).at(file.received_on)) for p in check.parameters),
        )
        for check in wanted
    ]


def case_of(
    session: Session, catalog: Catalog, file: ControlFile, received: ReceivedFile, known: Known
) -> Case:
    """Return a file as its checks read it, with the person's past."""
    numbers, day = law(file.jurisdiction), file.received_on
    return Case(
        flow=file.flow,
        nature=file.nature,
        channel=file.channel.value,
        received_on=day,
        birth_date=file.person_birth_date,
        relation=None if received.relation is None else Relation(received.relation),
        number=lambda path: numbers.counted(path, day),
        amount_cents=received.amount_cents,
        care_from=received.care_from,
        care_to=received.care_to,
        lines=case_lines(received.details),
        authorisation=received.details.get("authorisation"),
        ald_number=received.details.get("ald_number"),
        prescriber_specialty=(received.details.get("prescriber") or {}).get("specialty"),
        answers=known.answers,
        typed=known.typed,
        medical=_medical(file.jurisdiction, known) if known.is_medical else {},
        today=known.today,
        pieces=_pieces(session, file),
        entered_on=last_entry(session, file.registration_number) if file.flow == CARE else None,
        past=_past(session, file, received),
        rights=_rights(session, catalog, file),
    )


def _pieces(session: Session, file: ControlFile) -> frozenset[str]:
    kinds = select(Document.kind).where(Document.received_file_id == file.received_file_id)
    return frozenset(session.exec(kinds).all())


def _medical(jurisdiction: str, known: Known) -> dict[str, Any]:
    """Return what is medical, with what the list says of the pathology: typed, else received."""
    wanted = known.typed.get("pathology") or known.medical.get("pathology")
    listed = pathologies(jurisdiction) if jurisdiction == Jurisdiction.MA else {}
    found = next((p for p in listed.values() if wanted in (p.code, str(p.number))), None)
    if found is None:
        return dict(known.medical)
    codes = tuple(one.code for one in criteria(jurisdiction).get(found.code, ()))
    return {**known.medical, "validity": found.validity, "criteria": codes}


def case_lines(details: Mapping[str, Any]) -> tuple[CaseLine, ...]:
    """Return the lines of a request, as received."""
    return tuple(
        CaseLine(
            no=line["no"],
            act=line["act"],
            label=line.get("label") or "",
            quantity=Decimal(line["quantity"]) if line.get("quantity") else None,
            amount_cents=int(Decimal(line["amount"]) * 100) if line.get("amount") else None,
            tooth=line.get("tooth"),
            day=date.fromisoformat(line["date"]) if line.get("date") else None,
        )
        for line in details.get("lines") or ()
    )


def _past(session: Session, file: ControlFile, received: ReceivedFile) -> tuple[PastFile, ...]:
    """Return earlier files of the person the care is for: controlled or not."""
    born = sa.func.coalesce(col(ReceivedFile.beneficiary_birth_date), col(ReceivedFile.birth_date))
    found = session.execute(
        sa.select(ReceivedFile, ControlFile)
        .outerjoin(ControlFile, col(ControlFile.received_file_id) == col(ReceivedFile.id))
        .where(
            col(ReceivedFile.registration_number) == file.registration_number,
            born == file.person_birth_date,
            col(ReceivedFile.id) != file.received_file_id,
            col(ReceivedFile.received_at) <= received.received_at,
            # What is asked again by an appeal or a second reading was asked once.
            col(ReceivedFile.flow).not_in([f.code for f in flows().values() if f.is_internal]),
        )
        .order_by(col(ReceivedFile.received_at).desc(), col(ReceivedFile.id).desc())
        .limit(LONGEST_PAST)
    ).all()
    partial = [c.id for _, c in found if c and c.outcome is DecisionOutcome.PARTIALLY_GRANTED]
    verdicts = _verdicts(session, partial)
    notices = _notices(session, [c for _, c in found if c and c.flow == file.flow])
    return tuple(
        _past_file(r, c, verdicts.get(c.id, {}) if c else {}, notices.get(c.id) if c else None)
        for r, c in found
    )


def _notices(session: Session, files: Sequence[ControlFile]) -> dict[Any, Notice]:
    """Return by file the last decision that the person was told of by a letter."""
    if not files:
        return {}
    known = {file.id: file for file in files}
    rows = session.execute(
        sa.text(_NOTICES).bindparams(sa.bindparam("files", expanding=True)), {"files": list(known)}
    )
    return {
        row.id: Notice(
            known[row.id].reference,
            DecisionOutcome(row.outcome),
            civil_date(row.at, known[row.id].jurisdiction),
        )
        for row in rows
    }


def _past_file(
    received: ReceivedFile,
    control: ControlFile | None,
    verdicts: Mapping[int, LineOpinion],
    notice: Notice | None,
) -> PastFile:
    lines = case_lines(received.details)
    return PastFile(
        flow=received.flow,
        nature=received.nature,
        received_on=civil_date(received.received_at, received.jurisdiction),
        closed_on=civil_date(control.closed_at, received.jurisdiction)
        if control and control.closed_at
        else None,
        outcome=control.outcome if control else None,
        care_from=received.care_from,
        care_to=received.care_to,
        amount_cents=received.amount_cents,
        granted_cents=_granted(received, control, lines, verdicts),
        lines=lines,
        notice=notice,
    )


def _granted(
    received: ReceivedFile,
    control: ControlFile | None,
    lines: Sequence[CaseLine],
    verdicts: Mapping[int, LineOpinion],
) -> int | None:
    """Return what the decision left of the amount; what was never controlled stays whole."""
    if control is None:
        return received.amount_cents
    if control.status is not ControlFileStatus.CLOSED:
        return None
    if control.outcome in _NOTHING_GRANTED:
        return 0
    if not verdicts:
        return received.amount_cents
    total = 0
    for line in lines:
        verdict, asked = verdicts.get(line.no), line.amount_cents or 0
        if verdict is None or verdict.outcome is LineOutcome.ACCEPTED:
            total += asked
        elif verdict.outcome is LineOutcome.MODIFIED:
            total += _modified(line, verdict)
    return total


def _modified(line: CaseLine, verdict: LineOpinion) -> int:
    """Return what is left of a line that was reduced, by amount or else by quantity."""
    if verdict.amount_cents is not None:
        return verdict.amount_cents
    asked = line.amount_cents or 0
    if not (line.quantity and verdict.quantity):
        return asked
    share = asked * Decimal(verdict.quantity) / line.quantity
    return min(asked, int(share.quantize(Decimal(1), ROUND_HALF_UP)))


def _verdicts(session: Session, file_ids: Sequence[Any]) -> dict[Any, dict[int, LineOpinion]]:
    """Return the verdicts by line of the decisions that still hold, by file."""
    if not file_ids:
        return {}
    found: dict[Any, dict[int, LineOpinion]] = {}
    for file_id, line in session.execute(
        sa.select(col(Decision.control_file_id), LineOpinion)
        .join(LineOpinion, col(LineOpinion.opinion_id) == col(Decision.opinion_id))
        .where(col(Decision.control_file_id).in_(file_ids), col(Decision.undone_at).is_(None))
        .order_by(col(Decision.decided_at))
    ):
        found.setdefault(file_id, {})[line.line_no] = line
    return found


def _rights(session: Session, catalog: Catalog, file: ControlFile) -> tuple[PastRight, ...]:
    born = sa.func.coalesce(col(Entitlement.beneficiary_birth_date), col(Entitlement.birth_date))
    rights = session.exec(
        select(Entitlement)
        .where(Entitlement.registration_number == file.registration_number)
        .where(born == file.person_birth_date, sa.not_(is_annulled()))
        .order_by(col(Entitlement.valid_from).desc())
        .limit(LONGEST_PAST)
    )
    return tuple(
        PastRight(
            kind=_kind(catalog, right),
            code=right.right_code,
            valid_from=right.valid_from,
            valid_to=right.valid_to,
            status=right.status,
            granted_on=civil_date(right.granted_at, right.jurisdiction),
        )
        for right in rights
    )


def _kind(catalog: Catalog, right: Entitlement) -> str:
    """Return what sort of right it is: as the pack of its flow calls it, else the flow's code."""
    try:
        rule = catalog.pack(right.jurisdiction, right.flow, right.valid_from).meta.entitlement
    except NotFound:
        return right.flow  # older than any pack
    return rule.kind if rule else right.flow
