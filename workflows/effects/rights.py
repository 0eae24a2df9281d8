"""Rights that a decision grants, ends, or leaves as they are (droits)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import col

from medcontrol.clock import civil_date
from medcontrol.crypto import bind
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Entitlement, EntitlementEvent
from medcontrol.reference.pathologies import Pathology, pathologies
from medcontrol.rules import reviews
from medcontrol.rules.calendar import add_months
from medcontrol.services.entitlements import Changed, days_of, event_row, message
from medcontrol.vocabulary import EntitlementChange, EntitlementStatus
from workflows.effects import successions
from workflows.effects.terms import Wanted, care_of, terms_of
from workflows.engine.paths import OperationCall
from workflows.steps.moving import Move
from workflows.steps.proposals import Proposal

# By the person first: files have no index of rights.
_OTHER_FILE = b"""
SELECT 1 FROM control_file
WHERE registration_number = %(person)s AND entitlement_id = %(right)s AND id <> %(file)s
  AND closed_at IS NULL LIMIT 1
"""
_LOOK_AGAIN = "reviews.look_again_months"
_INTAKE = b"""
SELECT id, key_id, content FROM medical_record
WHERE control_file_id = %(file)s AND kind = 'intake'
"""
_NUMBERS = {
    "ald": "ETM", "invalidity": "PI", "care": "AD", "authorisation": "ACC", "medicines": "MED",
}  # fmt: skip


def grant(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Open the right that the decision grants, or renew the one that the file reviews."""
    today = civil_date(move.now, move.file.jurisdiction)
    proposal = move.proposal_of()
    care_from, care_to = care_of(move)
    start = (proposal.valid_from if proposal else None) or care_from or today
    old, before = _reviewed(move), successions.right_before(move)
    start = successions.first_day(before, start) if old is None else start
    pathology = _pathology(move, proposal)
    code = arguments.get("code") or (pathology.code if pathology else None)
    code = code or (old.right_code if old else None)
    is_partial = bool(arguments.get("partial"))
    terms = terms_of(move, Wanted(start, code, old, pathology, proposal, is_partial, care_to))
    values = {
        "right_code": code,
        "valid_to": terms.valid_to,
        **_planned(terms.next_review_on, terms.opens_on, terms.milestone),
        "status": EntitlementStatus.ACTIVE,
        "control_file_id": move.file.id,
        "previous_doctor_id": move.holder,
    }
    if old is None:
        number = _new_number(move, arguments["kind"], today)
        row = _person(move) | values | {"number": number, "valid_from": start}
        move.rows.add(Entitlement, row)
        move.file.entitlement_id = right_id = row["id"]
        _note(move, right_id, number, EntitlementChange.GRANTED, {}, row)
        if before is not None:
            successions.tell_before(move, number)
    else:
        number = old.number
        if old.status is EntitlementStatus.SUSPENDED:
            values["resumed_on"] = today
        _note(move, old.id, number, EntitlementChange.RENEWED, days_of(old), values)
        move.session.execute(
            sa.update(Entitlement).where(col(Entitlement.id) == old.id).values(**values)
        )
    move.tell("entitlement.granted", number=number)
    if move.occasion.decision is not None:
        move.occasion.decision |= {
            "entitlement_number": number,
            "valid_from": start,
            "valid_to": terms.valid_to,
            "next_review_on": terms.next_review_on,
            "is_renewal": old is not None,
        }


def _planned(
    next_review_on: date | None, opens_on: date | None, milestone: str | None = None
) -> dict[str, Any]:
    """Return the columns of a review that is planned anew: it has no place among others yet."""
    return {
        "next_review_on": next_review_on,
        "opens_on": opens_on,
        "planned_on": None,
        "placed_at": None,
        "milestone": milestone,
        "review_since": None,
    }


def _note(
    move: Move, right_id: UUID, number: str, change: EntitlementChange,
    before: Mapping[str, Any], after: Mapping[str, Any],
) -> None:  # fmt: skip
    """Keep in the right's journal what a decision did to it, and tell who pays it."""
    changed = Changed(
        right_id=right_id, number=number, change=change, before=before, after=after,
        file_id=move.file.id,
    )  # fmt: skip
    row = event_row(changed, actor=move.actor, now=move.now)
    move.rows.add(EntitlementEvent, row)
    undoable = timedelta(seconds=move.tools.undo_seconds)
    move.publish(message(row["id"], changed, not_before=move.now + undoable))


def _pathology(move: Move, proposal: Proposal | None) -> Pathology | None:
    """Return the pathology that the doctor named, else the one that the message named."""
    if move.file.flow != "ald":
        return None
    code = (proposal.right_code if proposal else None) or _received_pathology(move)
    listed = pathologies(move.file.jurisdiction).values()
    return next((p for p in listed if code in (p.code, str(p.number))), None)


def _received_pathology(move: Move) -> str | None:
    """Return the pathology code of the message: used to price the right, shown to nobody here."""
    found = move.ask(_INTAKE, file=move.file.id)
    if not found:
        return None
    record_id, key_id, content = found[0]
    plain = move.tools.keys.decrypt(key_id, content, bind("medical_record", record_id))
    medical = orjson.loads(plain).get("medical") or {}
    return medical.get("pathology")


def _new_number(move: Move, kind: str, today: date) -> str:
    ((serial,),) = move.ask(b"SELECT nextval('entitlement_serial')")
    return f"{prefix_of(kind)}-{today.year}-{serial:07d}"


def prefix_of(kind: str) -> str:
    """Return how the numbers of rights of a kind begin."""
    return _NUMBERS.get(kind, kind[:3].upper())


def _person(move: Move) -> dict[str, Any]:
    received, file = move.received, move.file
    return {
        "id": new_id(),
        "jurisdiction": file.jurisdiction,
        "flow": file.flow,
        "registration_number": file.registration_number,
        "national_id": file.national_id,
        "family_name": received["family_name"],
        "given_name": received["given_name"],
        "birth_date": received["birth_date"],
        "sex": received["sex"],
        "language": received["language"],
        "relation": received["relation"],
        "beneficiary_family_name": received["beneficiary_family_name"],
        "beneficiary_given_name": received["beneficiary_given_name"],
        "beneficiary_birth_date": received["beneficiary_birth_date"],
        "agency_code": file.agency_code,
        "granted_at": move.now,
    }


def _reviewed(move: Move) -> Entitlement | None:
    """Return the right that the file is about, under lock."""
    if move.file.entitlement_id is None:
        return None
    return move.session.get(
        Entitlement, move.file.entitlement_id, with_for_update=True, populate_existing=True
    )


def _change(move: Move, right: Entitlement, change: EntitlementChange, **values: Any) -> None:
    """Set columns of a right under lock, with its journal and the event."""
    _note(move, right.id, right.number, change, days_of(right), values)
    for name, value in values.items():
        setattr(right, name, value)


def end(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """End the right under review.

    Today, since it was kept open; or when it ran out before, or on the eve of its suspension.
    """
    right = _reviewed(move)
    if right is not None and right.status is not EntitlementStatus.ENDED:
        _end(move, right)


def _end(move: Move, right: Entitlement) -> None:
    today = civil_date(move.now, move.file.jurisdiction)
    was_open = reviews.is_kept_open(right.status, right.valid_to, right.review_since)
    last = today if was_open else min(right.valid_to or today, today)
    if right.status is EntitlementStatus.SUSPENDED and right.suspended_on is not None:
        last = right.suspended_on - timedelta(days=1)
    _change(
        move, right, EntitlementChange.ENDED,
        status=EntitlementStatus.ENDED, valid_to=max(right.valid_from, last),
        **_planned(None, None) | {"review_since": right.review_since},
    )  # fmt: skip
    move.tell("entitlement.ended", number=right.number)


def keep_open(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Leave the right as it is while it is reviewed."""
    right = _reviewed(move)
    if right is not None and right.status is EntitlementStatus.ACTIVE:
        right.status = EntitlementStatus.UNDER_REVIEW
        right.review_since = move.file.received_on


def suspend(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Stop what the right pays from today: the person did not come. It can be lifted.

    Its review opens no more by itself: it does when the person comes forward.
    """
    right = _reviewed(move)
    if right is None or right.status in (EntitlementStatus.SUSPENDED, EntitlementStatus.ENDED):
        return
    today = civil_date(move.now, move.file.jurisdiction)
    _change(
        move, right, EntitlementChange.SUSPENDED,
        status=EntitlementStatus.SUSPENDED, suspended_on=max(today, right.valid_from),
        resumed_on=None, next_review_on=None, opens_on=None,
    )  # fmt: skip
    move.tell("entitlement.suspended", number=right.number)


def resume(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Lift the suspension from today: the person came. What follows decides on the right."""
    right = _reviewed(move)
    if right is None or right.status is not EntitlementStatus.SUSPENDED:
        return
    today = civil_date(move.now, move.file.jurisdiction)
    _change(
        move, right, EntitlementChange.RESUMED,
        status=EntitlementStatus.UNDER_REVIEW, resumed_on=today,
        review_since=right.review_since or move.file.received_on,
    )  # fmt: skip
    move.tell("entitlement.resumed", number=right.number)


def postpone(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Put the next review off, and the end of the right with it."""
    right = _reviewed(move)
    if right is None:
        return
    day = move.file.received_on
    months = law(move.file.jurisdiction).number(arguments["parameter"], day).value
    review_on = add_months(civil_date(move.now, move.file.jurisdiction), months)
    _change(
        move, right, EntitlementChange.ADJOURNED, **_resumed(move, right),
        status=EntitlementStatus.ACTIVE,
        valid_to=None if right.valid_to is None else max(right.valid_to, review_on),
        **_planned(review_on, review_on),
    )  # fmt: skip
    move.tell("entitlement.review_postponed", number=right.number, months=months)


def _resumed(move: Move, right: Entitlement) -> dict[str, Any]:
    """Return the day from which a suspended right is paid again, when it is one."""
    if right.status is not EntitlementStatus.SUSPENDED:
        return {}
    return {"resumed_on": civil_date(move.now, move.file.jurisdiction)}


def let_go(move: Move) -> None:
    """Take a right out of review whose file closed without a word on it, a refusal included.

    It runs on to its last day; one that was kept open beyond it ends today. One without a last
    day is looked at again some months later, or it would never be.
    """
    right = _reviewed(move)
    if right is None or right.status is not EntitlementStatus.UNDER_REVIEW:
        return
    if move.ask(_OTHER_FILE, right=right.id, file=move.file.id,
                person=right.registration_number):  # fmt: skip
        return  # another file still reviews it
    today = civil_date(move.now, move.file.jurisdiction)
    if right.valid_to is not None and right.valid_to < today:
        _end(move, right)
        return
    review_on = None
    if right.valid_to is None:
        months = law(move.file.jurisdiction).number(_LOOK_AGAIN, move.file.received_on).value
        review_on = add_months(today, months)
    _change(
        move, right, EntitlementChange.KEPT,
        status=EntitlementStatus.ACTIVE, **_planned(review_on, review_on),
    )  # fmt: skip
