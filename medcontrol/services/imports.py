"""Rights that the replaced tool granted (droits existants), taken over with their next review."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.errors import ParameterNotInForce
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Entitlement
from medcontrol.reference.flows import flows
from medcontrol.services import tables
from medcontrol.services.code_uses import Codes
from medcontrol.services.doctor_tables import load_known
from medcontrol.services.tables import Column, Fault, Report, Row
from medcontrol.vocabulary import ControlLevel, EntitlementStatus, Jurisdiction, Relation, Sex

# How long before its review a right's file opens. Other flows open on the day itself.
OPENS_DAYS_BEFORE = {
    ("ma", "ald"): "ald.renewal_open_days_before",
    ("ma", "invalidity"): "pi.review_open_days_before",
    ("ma", "disability"): "psh.review_open_days_before",
}
_IMPORT_LOCK = 7_140_004  # any number, the same for every import of rights
_CHUNK = 2000
_LANGUAGES = ("fr", "ar", "en")
_BENEFICIARY = ("relation", "beneficiary_family_name", "beneficiary_given_name")


def entitlement_columns(
    agencies: Sequence[str], doctors: Mapping[str, UUID], jurisdiction: str
) -> list[Column]:
    """Return the columns of a file of rights."""
    known_flows = [code for code, flow in flows().items() if jurisdiction in flow.jurisdictions]
    optional = [
        Column("right_code", tables.code),
        Column("national_id", tables.code),
        Column("sex", tables.one_of([str(sex.value) for sex in Sex])),
        Column("language", tables.one_of(_LANGUAGES)),
        Column("relation", tables.one_of([str(relation.value) for relation in Relation])),
        Column("beneficiary_family_name", tables.text()),
        Column("beneficiary_given_name", tables.text()),
        Column("beneficiary_birth_date", tables.day),
        Column("valid_to", tables.day),
        Column("next_review_on", tables.day),
        Column("opens_on", tables.day),
        Column("previous_doctor", tables.one_of(doctors)),
        Column("granted_on", tables.day),
    ]
    return [
        Column("number", tables.code),
        Column("flow", tables.one_of(known_flows)),
        Column("registration_number", tables.code),
        Column("family_name", tables.text()),
        Column("given_name", tables.text()),
        Column("birth_date", tables.day),
        Column("agency", tables.one_of(agencies)),
        Column("valid_from", tables.day),
        *(Column(each.name, each.read, is_required=False) for each in optional),
    ]


def import_entitlements(
    session: Session, content: bytes, *, jurisdiction: str, now: datetime, partial: bool = False
) -> Report:
    """Bring in rights by their number; the same file again changes nothing.

    A right that a review or a decision here has touched since stays as it is. Without
    ``opens_on`` the review opens as many days before ``next_review_on`` as the law says.

    Args:
        session: the caller's transaction.
        content: CSV, see ``entitlement_columns``.
        jurisdiction: whose law and agencies.
        now: when, for rights that do not say when they were granted.
        partial: save the lines without fault although others have some.

    Raises:
        UnreadableTable: no table with these columns; nothing is saved.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    known = load_known(session)
    agencies = [code for code, level in known.units.items() if level is ControlLevel.LOCAL]
    report = Report("entitlements")
    columns = entitlement_columns(agencies, known.doctors, jurisdiction)
    rows = tables.read_table(content, columns, report)
    rows = tables.keep_first(rows, ("number",), report)
    ready = []
    for row in rows:
        fault = _incoherence(row.values, now.date())
        if fault is None:
            ready.append(_as_stored(row, known.doctors, jurisdiction, now))
        else:
            report.faults.append(Fault(row.line, *fault))
    if not report.refuses(partial):
        for chunk in _chunks(ready):
            _save(session, chunk, now.date(), report)
    return report


def _incoherence(values: Mapping[str, Any], today: date) -> tuple[str, str] | None:
    """Return the column and what is wrong with it, if cells contradict each other."""
    for first, last in (("valid_from", "valid_to"), ("opens_on", "next_review_on")):
        if values[first] and values[last] and values[last] < values[first]:
            return last, f"is before {first}"
    for born in ("birth_date", "beneficiary_birth_date"):
        if values[born] and values[born] > today:
            return born, "lies in the future"
    if values["opens_on"] and not values["next_review_on"]:
        return "opens_on", "needs next_review_on"
    given = [name for name in (*_BENEFICIARY, "beneficiary_birth_date") if values[name]]
    if given and len(given) < len(_BENEFICIARY) + 1:
        return given[0], "a beneficiary needs relation, both names and the birth date"
    return None


def _as_stored(
    row: Row, doctors: Mapping[str, UUID], jurisdiction: str, now: datetime
) -> dict[str, Any]:
    values = dict(row.values)
    doctor, granted = values.pop("previous_doctor"), values.pop("granted_on")
    values["agency_code"] = values.pop("agency")
    values["jurisdiction"] = Jurisdiction(jurisdiction)
    values["previous_doctor_id"] = doctors[doctor] if doctor else None
    values["granted_at"] = (
        datetime(granted.year, granted.month, granted.day, 12, tzinfo=UTC) if granted else now
    )
    values["opens_on"] = values["opens_on"] or _opening_day(
        jurisdiction, values["flow"], values["next_review_on"]
    )
    return values


def _opening_day(jurisdiction: str, flow: str, review: date | None) -> date | None:
    """Return the day on which the file of a review opens by itself."""
    path = OPENS_DAYS_BEFORE.get((jurisdiction, flow))
    if review is None or path is None:
        return review
    try:
        return review - timedelta(days=law(jurisdiction).number(path, review).value)
    except ParameterNotInForce:  # a review before our law begins is long overdue
        return review


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _save(session: Session, rows: Sequence[dict[str, Any]], today: date, report: Report) -> None:
    """Insert what is new, change what differs and was not touched here."""
    numbers = [row["number"] for row in rows]
    found = session.execute(
        sa.select(Entitlement).where(col(Entitlement.number).in_(numbers)).with_for_update()
    ).scalars()
    existing = {each.number: each for each in found}
    new = []
    for row in rows:
        known = existing.get(row["number"])
        if known is None:
            new.append({"id": new_id(), "status": _status(row, today), **row})
        elif _change(known, row):
            report.changed += 1
        else:
            report.unchanged += 1
            continue
        report.touched.add(Codes(person=row["registration_number"], flow=row["flow"]))
    if new:
        session.execute(sa.insert(Entitlement), new)
    report.added += len(new)
    session.flush()
    for each in existing.values():  # a file may hold more rights than memory
        session.expunge(each)


def _status(row: Mapping[str, Any], today: date) -> EntitlementStatus:
    """Return whether a right still runs; one that is over brings no file back."""
    is_over = row["valid_to"] is not None and row["valid_to"] < today
    return EntitlementStatus.ENDED if is_over else EntitlementStatus.ACTIVE


def _change(known: Entitlement, row: Mapping[str, Any]) -> bool:
    """Set what differs; a right in review, ended or granted here is left alone."""
    if known.status is not EntitlementStatus.ACTIVE or known.control_file_id is not None:
        return False
    different = {
        name: value
        for name, value in row.items()
        if name != "granted_at" and getattr(known, name) != value
    }
    for name, value in different.items():
        setattr(known, name, value)
    return bool(different)
