"""Where the codes of reference data are used (impact): in open files, and in rules of selectivity.

A row of a table that is changed carries codes: a doctor, a type of file, a unit… One table says
where each of them stands in a file and which features of a rule may name it, so that every import
and preview says the same of a change. A file or rule *refers to* a row when it carries all codes
of the row that it could carry.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import astuple, dataclass, fields
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session

from medcontrol.model import Appointment, ControlFile, HumanTask
from medcontrol.vocabulary import AppointmentState, TaskStatus

File: Any = ControlFile
Task: Any = HumanTask
Booked: Any = Appointment
_IDS = ("doctor", "room")


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """The codes that a row of reference data carries; None where it says nothing.

    Attributes:
        doctor: who holds the file.
        flow, nature: of the file.
        step: kind of a step that is open on it.
        specialty: that such a step asks for.
        unit: agency or region of the file.
        person: registration number of the insured person.
        subject: a person, or the number of a prescriber or provider.
        room: in which somebody is booked for it.
    """

    doctor: UUID | None = None
    flow: str | None = None
    nature: str | None = None
    step: str | None = None
    specialty: str | None = None
    unit: str | None = None
    person: str | None = None
    subject: str | None = None
    room: UUID | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Where a code is used.

    Attributes:
        files: the predicate over ``control_file`` that it stands there.
        features: what rules call it; a code that rules never name has none.
    """

    files: Callable[[Any], sa.ColumnElement[bool]]
    features: tuple[str, ...] = ()


def _is_open_step(*where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    own = sa.and_(Task.control_file_id == File.id, Task.status == TaskStatus.OPEN)
    return sa.exists().where(own, *where).correlate_except(Task)


#: Every code of ``Codes``.
USES: Mapping[str, Use] = MappingProxyType(
    {
        "doctor": Use(lambda code: File.assigned_doctor_id == code),
        "flow": Use(lambda code: File.flow == code, ("flow",)),
        "nature": Use(lambda code: File.nature == code, ("nature",)),
        "step": Use(lambda code: _is_open_step(Task.kind == code)),
        "specialty": Use(lambda code: _is_open_step(Task.specialty == code)),
        "unit": Use(
            lambda code: sa.or_(File.agency_code == code, File.region_code == code),
            ("agency", "region"),
        ),
        "person": Use(lambda code: File.registration_number == code),
        "subject": Use(
            lambda code: sa.or_(
                File.registration_number == code,
                File.provider_id == code,
                File.prescriber_id == code,
            )
        ),
        "room": Use(
            lambda code: (
                sa.exists()
                .where(
                    Booked.control_file_id == File.id,
                    Booked.state == AppointmentState.BOOKED,
                    Booked.room_id == code,
                )
                .correlate_except(Booked)
            )
        ),
    }
)

#: A code with the features by which a rule may name it.
Named = tuple[tuple[str, ...], str]


def named_codes(rows: Collection[Codes]) -> frozenset[frozenset[Named]]:
    """Return the codes of rows that rules may name, each combination once; none for other rows."""
    with_features = [(name, use.features) for name, use in USES.items() if use.features]
    found = (
        frozenset(
            (features, str(code))
            for name, features in with_features
            if (code := getattr(row, name)) is not None
        )
        for row in rows
    )
    return frozenset(filter(None, found))


def count_files(session: Session, jurisdiction: str, rows: Collection[Codes]) -> int:
    """Return how many open files refer to at least one of the rows. One statement."""
    if not rows:
        return 0
    shapes: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in set(rows):
        names = [each.name for each in fields(Codes)]
        given = {name: str(code) for name, code in zip(names, astuple(row), strict=True)
                 if code is not None}  # fmt: skip
        shapes[tuple(given)].append(given)
    found = [
        sa.select(File.id).where(_is_open(jurisdiction), _refers(names, given))
        for names, given in shapes.items()
    ]
    ids = sa.union(*found).subquery()
    return int(session.execute(sa.select(sa.func.count()).select_from(ids)).scalar_one())


def count_each(
    session: Session, jurisdiction: str, name: str, codes: Collection[UUID | str]
) -> Mapping[str, int]:
    """Return how many open files carry each of several codes of one name; without any, none stands.

    One statement, for a list that says of each row what rests on it.
    """
    given = _given((name,), [{name: str(code)} for code in codes])
    code = given.c[name]
    rows = session.execute(
        sa.select(code, sa.func.count(File.id))
        .select_from(given)
        .join(ControlFile, USES[name].files(code))
        .where(_is_open(jurisdiction))
        .group_by(code)
    )
    return {str(row[0]): row[1] for row in rows}


def _is_open(jurisdiction: str) -> sa.ColumnElement[bool]:
    return sa.and_(File.closed_at.is_(None), File.jurisdiction == jurisdiction)


def _given(names: tuple[str, ...], rows: list[dict[str, str]]) -> Any:
    """Rows as a table of the database."""
    columns: list[Any] = [sa.column(name, sa.Uuid() if name in _IDS else sa.Text())
                          for name in names]  # fmt: skip
    return (
        sa.func.jsonb_to_recordset(sa.literal(rows, JSONB))
        .table_valued(*columns, name="given")
        .render_derived(with_types=True)
    )


def _refers(names: tuple[str, ...], rows: list[dict[str, str]]) -> sa.ColumnElement[bool]:
    """The predicate of the files that carry all codes of one of the rows, which name the same."""
    if not names:
        return sa.true()
    given = _given(names, rows)
    uses = (USES[name].files(given.c[name]) for name in names)
    # Named as the source: of a code that stands in another table alone nothing else would say it.
    found = sa.select(given).select_from(given).where(*uses)
    return found.correlate_except(given).exists()
