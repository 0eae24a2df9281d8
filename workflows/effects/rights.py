"""Rights that a decision grants, ends, or leaves as they are (droits)."""

from datetime import date, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import col

from medcontrol.clock import civil_date
from medcontrol.crypto import bind
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Entitlement
from medcontrol.reference.pathologies import Pathology, pathologies
from medcontrol.rules import reviews
from medcontrol.rules.calendar import add_months
from medcontrol.vocabulary import EntitlementStatus, StepKind, TaskStatus
from workflows.moving import Move
from workflows.paths import OperationCall
from workflows.proposals import Proposal
from workflows.schema import EntitlementRule

_EXAMINED = b"""
SELECT 1 FROM human_task
WHERE control_file_id = %(file)s AND kind = 'examination' AND status = 'done'
  AND outcome <> 'no_show' LIMIT 1
"""
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
    start = (proposal.valid_from if proposal else None) or today
    old = _reviewed(move)
    pathology = _pathology(move, proposal)
    code = arguments.get("code") or (pathology.code if pathology else None)
    code = code or (old.right_code if old else None)
    terms = _terms(move, start, proposal, old, pathology, code)
    values = {
        "right_code": code,
        "valid_to": terms.valid_to,
        "next_review_on": terms.next_review_on,
        "opens_on": terms.opens_on,
        "status": EntitlementStatus.ACTIVE,
        "control_file_id": move.file.id,
        "previous_doctor_id": move.holder,
    }
    if old is None:
        number = _new_number(move, arguments["kind"], today)
        row = _person(move) | values | {"number": number, "valid_from": start}
        move.rows.add(Entitlement, row)
        move.file.entitlement_id = row["id"]
    else:
        number = old.number
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
    move.announce("entitlement.changed", number=number)


def _terms(
    move: Move, start: date, proposal: Proposal | None, old: Entitlement | None,
    pathology: Pathology | None, code: str | None,
) -> reviews.Grant:  # fmt: skip
    rule = move.pack.meta.entitlement
    assert rule is not None  # noqa: S101 - packs check: a pack that grants has the rule
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    review = rule.review_of(code)
    if review is None:
        return _unreviewed(move, rule, start, proposal, code)
    days_before = numbers.number(review.opens_days_before).value
    if review.rhythm is not None:
        rhythm = review.rhythm
        law_of_pensions = reviews.InvalidityRule(
            pension_age_years=numbers.number(rhythm.last_age_years).value,
            first_months=numbers.number(rhythm.first_months).value,
            first_period_months=numbers.number(rhythm.first_period_months).value,
            later_months=numbers.number(rhythm.later_months).value,
            none_before_pension_months=numbers.number(rhythm.none_before_last_age_months).value,
            open_days_before=days_before,
        )
        return reviews.grant_invalidity(
            law_of_pensions,
            birth_date=move.file.person_birth_date,
            first_granted_on=old.valid_from if old else start,
            valid_from=start,
        )
    months = rule.months_by_code.get(code or "", rule.default_months)
    default = numbers.number(months).value if months else 12
    if pathology is not None and proposal is not None and proposal.is_for_life:
        return reviews.grant_for_life(
            pathology.validity, valid_from=start, was_examined=_was_examined(move)
        )
    longest = default
    if pathology is not None:
        longest = reviews.longest_validity(
            pathology.validity, is_renewal=old is not None, default_months=default
        )
    if proposal is not None and proposal.valid_to is not None:
        longest_end = add_months(start, longest) - timedelta(days=1)
        end = proposal.valid_to
        if not start <= end <= longest_end:
            raise reviews.ValidityTooLong(f"between {start} and {longest_end}", field="valid_to")
        review_on = end + timedelta(days=1)
        halfway = start + (review_on - start) // 2
        opens_on = max(review_on - timedelta(days=days_before), halfway)
        return reviews.Grant(start, end, review_on, opens_on)
    return reviews.grant_ald(valid_from=start, longest_months=longest, open_days_before=days_before)


def _unreviewed(
    move: Move, rule: EntitlementRule, start: date, proposal: Proposal | None, code: str | None
) -> reviews.Grant:
    """Return the terms of an agreement that ends on its last day, and nothing follows."""
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    months = rule.months_by_code.get(code or "", rule.default_months)
    if rule.default_days is not None and code not in rule.months_by_code:
        longest_end = start + timedelta(days=numbers.number(rule.default_days).value - 1)
    else:
        longest = numbers.number(months).value if months else 12
        longest_end = add_months(start, longest) - timedelta(days=1)
    end = (proposal.valid_to if proposal else None) or longest_end
    if not start <= end <= longest_end:
        raise reviews.ValidityTooLong(f"between {start} and {longest_end}", field="valid_to")
    return reviews.Grant(start, end, None, None)


def _was_examined(move: Move) -> bool:
    ended = [task for task in move.tasks if task.kind is StepKind.EXAMINATION]
    if any(task.status is TaskStatus.DONE and task.outcome != "no_show" for task in ended):
        return True
    return bool(move.ask(_EXAMINED, file=move.file.id))


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
    return f"{_NUMBERS.get(kind, kind[:3].upper())}-{today.year}-{serial:07d}"


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


def end(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """End the right under review, today at the latest."""
    right = _reviewed(move)
    if right is None:
        return
    today = civil_date(move.now, move.file.jurisdiction)
    right.status = EntitlementStatus.ENDED
    right.valid_to = max(right.valid_from, min(right.valid_to or today, today))
    right.next_review_on = right.opens_on = None
    move.tell("entitlement.ended", number=right.number)
    move.announce("entitlement.changed", number=right.number)


def keep_open(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Leave the right as it is while it is reviewed."""
    right = _reviewed(move)
    if right is not None and right.status is EntitlementStatus.ACTIVE:
        right.status = EntitlementStatus.UNDER_REVIEW


def postpone(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Put the next review off, and the end of the right with it."""
    right = _reviewed(move)
    if right is None:
        return
    day = move.file.received_on
    months = law(move.file.jurisdiction).number(arguments["parameter"], day).value
    today = civil_date(move.now, move.file.jurisdiction)
    right.next_review_on = right.opens_on = add_months(today, months)
    if right.valid_to is not None:
        right.valid_to = max(right.valid_to, right.next_review_on)
    right.status = EntitlementStatus.ACTIVE
    move.tell("entitlement.review_postponed", number=right.number, months=months)
