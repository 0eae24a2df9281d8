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

from medcontrol.model import ControlFile, HumanTask
from medcontrol.vocabulary import TaskStatus

File: Any = ControlFile
Task: Any = HumanTask


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
    """

    doctor: UUID | None = None
    flow: str | None = None
    nature: str | None = None
    step: str | None = None
    specialty: str | None = None
    unit: str | None = None
    person: str | None = None
    subject: str | None = None


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
    is_open = sa.and_(File.closed_at.is_(None), File.jurisdiction == jurisdiction)
    found = [
        sa.select(File.id).where(is_open, _refers(names, given)) for names, given in shapes.items()
    ]
    ids = sa.union(*found).subquery()
    return int(session.execute(sa.select(sa.func.count()).select_from(ids)).scalar_one())


def _refers(names: tuple[str, ...], rows: list[dict[str, str]]) -> sa.ColumnElement[bool]:
    """The predicate of the files that carry all codes of one of the rows, which name the same."""
    if not names:
        return sa.true()
    columns: list[Any] = [
        sa.column(name, sa.Uuid() if name == "doctor" else sa.Text()) for name in names
    ]
    given = (
        sa.func.jsonb_to_recordset(sa.literal(rows, JSONB))
        .table_valued(*columns, name="given")
        .render_derived(with_types=True)
    )
    uses = (USES[name].files(given.c[name]) for name in names)
    return sa.exists().where(*uses).correlate_except(given)
