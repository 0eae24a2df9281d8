"""Control doctors (médecins-conseils), what they may take and when: imported by CSV, or one by one.

Each kind of file has a natural key, so that the same file twice changes nothing.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Competence, Doctor, DoctorLoad, Unit
from medcontrol.services import tables
from medcontrol.services.doctor_history import Said, note
from medcontrol.services.doctor_tables import (
    KINDS,
    NAMES,
    Kind,
    Known,
    as_cells,
    as_stored,
    incoherence,
    load_known,
)
from medcontrol.services.tables import Column, Fault, Report, Row

_IMPORT_LOCK = 7_140_003  # any number, the same for every import of doctors


def import_csv(
    session: Session,
    what: str,
    content: bytes,
    *,
    partial: bool = False,
    said: Said | None = None,
) -> Report:
    """Bring in one file of doctors or of what they may take and when.

    A fault keeps the whole file out, unless ``partial`` lets the good lines in. The same file
    again changes nothing; a line whose key is known changes the rest of it.

    Args:
        session: the caller's transaction.
        what: a key of ``KINDS``.
        content: the file's bytes.
        partial: save the lines without fault.
        said: by whom, why and when, for the history.

    Raises:
        UnreadableTable: no table with these columns; nothing is saved.
        InvalidInput: no such kind of file.
    """
    kind = KINDS.get(what)
    if kind is None:
        raise InvalidInput(f"{what!r} is none of {', '.join(KINDS)}", field="what")
    session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    known = load_known(session)
    report = Report(what)
    rows = tables.read_table(content, kind.columns(known), report)
    rows = tables.keep_first(_coherent(rows, report), kind.key, report)
    if not report.refuses(partial):
        _save(session, kind, rows, known, report, said)
    return report


def export_csv(session: Session, what: str, jurisdiction: str) -> str:
    """Return a file of what is saved; brought in again, it changes nothing.

    Raises:
        InvalidInput: no such kind of file.
    """
    kind = KINDS.get(what)
    if kind is None:
        raise InvalidInput(f"{what!r} is none of {', '.join(KINDS)}", field="what")
    known = load_known(session, with_closed=True)
    columns = kind.columns(known)
    table: Any = kind.table
    doctor: Any = Doctor
    statement = sa.select(table.__table__).select_from(table)
    if table is not Doctor:
        statement = statement.join(Doctor, doctor.id == table.doctor_id)
    unit: Any = Unit
    statement = statement.join(Unit, unit.code == doctor.unit_code).where(
        unit.jurisdiction == jurisdiction
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in session.execute(statement.order_by(doctor.code, table.id)).mappings():
        writer.writerow(as_cells(dict(row), columns, known))
    return out.getvalue()


def _coherent(rows: Sequence[Row], report: Report) -> list[Row]:
    """Return the rows whose cells fit each other."""
    kept = []
    for row in rows:
        fault = incoherence(row.values)
        if fault is None:
            kept.append(row)
        else:
            report.faults.append(Fault(row.line, *fault))
    return kept


def _save(
    session: Session,
    kind: Kind,
    rows: Sequence[Row],
    known: Known,
    report: Report,
    said: Said | None,
) -> None:
    """Insert what is new and change what differs; each is kept in the doctor's history."""
    key = tuple(NAMES.get(name, name) for name in kind.key)
    found = {
        tuple(getattr(row, name) for name in key): row
        for row in _existing(session, kind, rows, known)
    }
    for row in rows:
        values = as_stored(row.values, known)
        existing = found.get(tuple(values[name] for name in key))
        if existing is None:
            new: Any = kind.table(id=new_id(), **values)
            session.add(new)
            before, after = None, values
            report.added += 1
        elif different := _change(existing, values):
            before, after = different, {name: values[name] for name in different}
            report.changed += 1
        else:
            report.unchanged += 1
            continue
        owner: Any = existing or new
        doctor_id = owner.id if kind.table is Doctor else owner.doctor_id
        report.touched.add(kind.codes(doctor_id, values))
        note(session, doctor_id, report.what, before=before, after=after, said=said)
    session.flush()


def _existing(
    session: Session, kind: Kind, rows: Sequence[Row], known: Known
) -> Sequence[SQLModel]:
    table: Any = kind.table
    if table is Doctor:
        codes = [row.values["code"] for row in rows]
        return session.exec(select(Doctor).where(col(Doctor.code).in_(codes))).all()
    ids = {known.doctors[row.values["doctor"]] for row in rows}
    return session.exec(select(table).where(table.doctor_id.in_(ids))).all()


def _change(existing: SQLModel, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set what differs and return what it was before."""
    before = {
        n: getattr(existing, n) for n, value in values.items() if getattr(existing, n) != value
    }
    for name in before:
        setattr(existing, name, values[name])
    return before


def save_doctor(
    session: Session, given: Mapping[str, str], *, is_new: bool, said: Said | None = None
) -> Doctor:
    """Create or change one doctor from the columns of ``doctors`` files, as a page sends them.

    Raises:
        InvalidInput: names the field.
        AlreadyDone: a new doctor's code is taken.
        NotFound: there is no doctor of this code to change.
    """
    known = load_known(session)
    code = given.get("code", "").strip()
    if is_new and code in known.doctors:
        raise AlreadyDone(f"there is a doctor {code} already", field="code")
    if not is_new and code not in known.doctors:
        raise NotFound(f"there is no doctor {code}", field="code")
    report = Report("doctors")
    rows = _one_row(given, KINDS["doctors"].columns(known), report)
    _save(session, KINDS["doctors"], rows, known, report, said)
    return session.exec(select(Doctor).where(Doctor.code == code)).one()


def add_absence(
    session: Session,
    doctor_code: str,
    *,
    first_day: date,
    last_day: date,
    reason: str,
    said: Said | None = None,
) -> None:
    """Save days on which a doctor takes nothing; the same first day again changes the rest.

    What the doctor has already stays; a supervisor gives it to others.

    Raises:
        NotFound: no such doctor.
        InvalidInput: the days are not in order, or the reason is no code.
    """
    known = load_known(session)
    if doctor_code not in known.doctors:
        raise NotFound(f"there is no doctor {doctor_code}", field="doctor")
    given = {
        "doctor": doctor_code,
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "reason": reason,
    }
    report = Report("absences")
    rows = _one_row(given, KINDS["absences"].columns(known), report)
    _save(session, KINDS["absences"], rows, known, report, said)


def save_line(
    session: Session, what: str, given: Mapping[str, str], *, said: Said | None = None
) -> None:
    """Save one line of what a doctor may take or when, as a line of its file.

    A line whose natural key is known changes the rest of it.

    Raises:
        InvalidInput: names the field.
    """
    known = load_known(session)
    report = Report(what)
    rows = _one_row(given, KINDS[what].columns(known), report)
    _save(session, KINDS[what], rows, known, report, said)


def _one_row(given: Mapping[str, str], columns: Sequence[Column], report: Report) -> list[Row]:
    """Return a row from a form.

    Raises:
        InvalidInput: the first field that is wrong.
    """
    rows = tables.read_cells(1, given, columns, report)
    rows = _coherent(rows, report)
    if report.faults:
        fault = report.faults[0]
        raise InvalidInput(f"{fault.column}: {fault.problem}", field=fault.column)
    return rows


def list_doctors(
    session: Session, *, unit_code: str | None = None
) -> list[tuple[Doctor, int, int, tuple[str, ...]]]:
    """Return doctors by code, each with open files, open points and flows held at any time."""
    held = (
        sa.select(sa.func.array_agg(sa.distinct(col(Competence.flow))))
        .where(col(Competence.doctor_id) == Doctor.id)
        .scalar_subquery()
    )
    statement = (
        sa.select(Doctor, col(DoctorLoad.open_files), col(DoctorLoad.open_points), held)
        .outerjoin(DoctorLoad, col(DoctorLoad.doctor_id) == Doctor.id)
        .order_by(Doctor.code)
    )
    if unit_code is not None:
        statement = statement.where(col(Doctor.unit_code) == unit_code)
    return [
        (doctor, files or 0, points or 0, tuple(sorted(flows_held or ())))
        for doctor, files, points, flows_held in session.execute(statement)
    ]
