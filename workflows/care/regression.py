"""What a change of the law of long-term care would do (rapport de non-régression)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.legal.dated import Parameters
from medcontrol.legal.loading import law as law_in_force
from medcontrol.model import ControlFile, Deadline, ReceivedFile
from medcontrol.rules.checks import CHECKS
from medcontrol.services.care_regression import (
    OF_BILLS,
    ChangedBill,
    ChangedCase,
    Looked,
    bills_changed,
    cases_changed,
)
from medcontrol.services.long_term_care import changed_law
from medcontrol.vocabulary import DeadlineStatus
from workflows.care.controls import FLOW as CONTROL
from workflows.care.controls import PREFIX, SOURCE
from workflows.rights.reviews import CARE
from workflows.steps.case_checks import Known, case_of
from workflows.tools import Tools

FLOWS: Final = (CARE, CONTROL)


@dataclass(frozen=True, slots=True)
class Concerned:
    """An open file that another law touches: its bill, a check of it, or a clock that runs."""

    reference: str
    flow: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Regression:
    """What a change of the law would do; nothing was written.

    Attributes:
        changes: the new values by path, from ``since`` on (always, when None).
        cases, bills: how many were worked out again.
    """

    changes: Mapping[str, str]
    since: date | None
    cases: int
    changed_cases: tuple[ChangedCase, ...]
    bills: int
    changed_bills: tuple[ChangedBill, ...]
    open_files: tuple[Concerned, ...]

    @property
    def minutes(self) -> int:
        """Whole minutes that bills on record would be paid more, fewer below zero."""
        return sum(bill.difference for bill in self.changed_bills)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values; minutes of cases are exact fractions as text."""
        return {
            "changes": dict(self.changes),
            "from": self.since.isoformat() if self.since else None,
            "cases": {"looked_at": self.cases,
                      "changed": [_case_json(case) for case in self.changed_cases]},
            "bills": {"looked_at": self.bills, "minutes": self.minutes,
                      "changed": [_bill_json(bill) for bill in self.changed_bills]},
            "open_files": [
                {"reference": each.reference, "flow": each.flow, "reasons": list(each.reasons)}
                for each in self.open_files
            ],
        }  # fmt: skip


def regress(
    session: Session, tools: Tools, changes: Mapping[str, str], *, since: date | None, today: date
) -> Regression:
    """Work out cases, bills on record and open files again under another law.

    Args:
        session: reads alone.
        tools: keys and packs.
        changes: text of the new value by path.
        since: the first day of the new values; None: as if they had always held.
        today: the civil day.

    Raises:
        InvalidInput: no such parameter, none of its values, or it ended before ``since``.
    """
    law = changed_law(changes, since)
    count, cases, bills, looked = 0, list[ChangedCase](), list[ChangedBill](), Looked()
    if any(path.startswith(OF_BILLS) for path in changes):
        count, cases = cases_changed(law)
        bills = list(bills_changed(session, tools.keys, law, since=since, looked=looked))
    return Regression(
        changes=changes,
        since=since,
        cases=count,
        changed_cases=tuple(cases),
        bills=looked.bills,
        changed_bills=tuple(bills),
        open_files=tuple(_open_files(session, tools, law, changes, bills, today)),
    )


def _open_files(
    session: Session, tools: Tools, law: Parameters, changes: Iterable[str],
    bills: Iterable[ChangedBill], today: date,
) -> Iterator[Concerned]:  # fmt: skip
    changed, paths = {f"{PREFIX}{bill.bill_id}" for bill in bills}, frozenset(changes)
    clocks = _clocks(session)
    rows = session.execute(
        sa.select(ControlFile, ReceivedFile)
        .join(ReceivedFile, col(ReceivedFile.id) == col(ControlFile.received_file_id))
        .where(
            col(ControlFile.jurisdiction) == "lu",
            col(ControlFile.flow).in_(FLOWS),
            col(ControlFile.closed_at).is_(None),
        )
        .order_by(col(ControlFile.received_on), col(ControlFile.reference))
    )
    for file, received in rows:
        reasons = ["bill"] if received.source == SOURCE and received.external_id in changed else []
        reasons += _late_or_sooner(tools, file, clocks.get(file.id, ()), law, paths)
        reasons += _other_checks(session, tools, file, received, law, paths, today)
        if reasons:
            yield Concerned(file.reference, file.flow, tuple(reasons))


def _clocks(session: Session) -> dict[UUID, list[str]]:
    """Return the names of the clocks that run, by open file of long-term care."""
    found: dict[UUID, list[str]] = {}
    for file_id, name in session.execute(
        select(Deadline.control_file_id, Deadline.name)
        .join(ControlFile, col(ControlFile.id) == col(Deadline.control_file_id))
        .where(
            col(ControlFile.jurisdiction) == "lu",
            col(ControlFile.flow).in_(FLOWS),
            Deadline.status == DeadlineStatus.RUNNING,
        )
        .order_by(col(Deadline.name))
    ):
        found.setdefault(file_id, []).append(name)
    return found


def _late_or_sooner(
    tools: Tools, file: ControlFile, names: Iterable[str], law: Parameters, paths: frozenset[str]
) -> Iterator[str]:
    """Yield the running clocks of a file that would have another length on its day of receipt."""
    rules = tools.catalog.get(file.pack, file.flow).meta.deadlines
    for name in names:
        path = rules[name].parameter if name in rules else ""
        if path in paths and _differs(law, path, file.received_on):
            yield f"deadline:{name}"


def _other_checks(
    session: Session, tools: Tools, file: ControlFile, received: ReceivedFile, law: Parameters,
    paths: frozenset[str], today: date,
) -> Iterator[str]:  # fmt: skip
    """Yield the computed checks of a file, none of them medical, that would say otherwise."""
    pack, day = tools.catalog.get(file.pack, file.flow), file.received_on
    wanted = [
        CHECKS[name]
        for name, rule in pack.meta.checks.items()
        if paths & set(CHECKS[name].parameters)
        and not CHECKS[name].is_medical
        and (not rule.natures or file.nature in rule.natures)
    ]
    if not wanted or not any(_differs(law, p, day) for c in wanted for p in c.parameters):
        return
    known = Known(answers={}, medical={}, typed={}, is_medical=False, today=today)
    case = case_of(session, tools.catalog, file, received, known)
    other = replace(case, number=lambda path: law.counted(path, day))
    for check in wanted:
        if check.compute(case) != check.compute(other):
            yield f"check:{check.name}"


def _differs(law: Parameters, path: str, day: date) -> bool:
    now = law_in_force("lu").parameter(path).at(day).value
    return law.parameter(path).at(day).value != now


def _case_json(case: ChangedCase) -> dict[str, Any]:
    difference = (case.after or Fraction()) - (case.before or Fraction())
    return {
        "id": case.id,
        "before": None if case.before is None else str(case.before),
        "after": None if case.after is None else str(case.after),
        "difference": str(difference),
        "fault": case.fault or None,
    }


def _bill_json(bill: ChangedBill) -> dict[str, Any]:
    return {
        "person": bill.registration_number,
        "provider": bill.provider_id,
        "number": bill.number,
        "month": f"{bill.month:%Y-%m}",
        "before": bill.before,
        "after": bill.after,
        "difference": bill.difference,
        "signs_gained": list(bill.gained),
        "signs_lost": list(bill.lost),
        "fault": bill.fault or None,
    }
