"""Plans, stays, levels, entries and bills of long-term care as other systems send them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.crypto import KeyRing
from medcontrol.db import transaction
from medcontrol.errors import AlreadyDone, DomainError, InvalidInput
from medcontrol.services.care_bills import Checked, recheck, record_bill
from medcontrol.services.care_entries import record_entry
from medcontrol.services.care_facts import record_plan, record_stay
from medcontrol.services.care_levels import record_level
from medcontrol.services.reference import agency_regions
from workflows.care.line_forms import read_bill, read_entry, read_level, read_plan, read_stay

_KINDS = {"plan", "stay", "level", "entry", "bill"}
#: What is counted under another name than its own with an s.
_MANY = {"entry": "entries"}


@dataclass(slots=True)
class Recorded:
    """What became of lines; faults by line number. Minutes are whole, to pay or to recover.

    Attributes:
        checks: what came of bills, by line number: figures, formulas, law. Kept when asked for.
    """

    plans: int = 0
    stays: int = 0
    levels: int = 0
    entries: int = 0
    bills: int = 0
    duplicates: int = 0
    rechecked: int = 0
    difference_minutes: int = 0
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    checks: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def record_lines(
    keys: KeyRing, lines: list[bytes], *, now: datetime, explain: bool = False
) -> Recorded:
    """Keep what each line says, each in a transaction of its own; a faulty one costs itself.

    A plan, a stay or a level that comes after a bill works the bill out again.
    """
    found = Recorded()
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            checks = _record(keys, raw, found, now)
        except AlreadyDone:
            found.duplicates += 1
        except DomainError as fault:
            found.faults.append((number, fault.field or "", fault.detail))
        else:
            if explain:
                found.checks += [(number, check.result) for check in checks]
    return found


def _record(keys: KeyRing, raw: bytes, found: Recorded, now: datetime) -> list[Checked]:
    kind, content = _line(raw)
    with transaction() as session:
        if kind == "entry":
            record_entry(session, read_entry(content), today=civil_date(now, "lu"), now=now)
            checks: list[Checked] = []
        elif kind == "bill":
            bill = read_bill(content)
            if bill.agency_code not in agency_regions(session).get("lu", {}):
                raise InvalidInput(f"agency {bill.agency_code!r} is unknown", field="agency")
            checks = [record_bill(session, keys, bill, now=now)]
        else:
            person = _keep(session, keys, kind, content, now)
            checks = recheck(session, keys, person, cause=kind, now=now)
    if kind != "bill":
        found.rechecked += len(checks)
        found.difference_minutes += sum(check.difference for check in checks)
    many = _MANY.get(kind, f"{kind}s")
    setattr(found, many, getattr(found, many) + 1)
    return checks


def _line(raw: bytes) -> tuple[str, Any]:
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidInput("this is no JSON object", field="line") from None
    if not isinstance(line, dict) or len(line) != 1 or not set(line) <= _KINDS:
        raise InvalidInput("one of plan, stay, level, entry and bill is expected", field="line")
    [(kind, content)] = line.items()
    return kind, content


def _keep(session: Session, keys: KeyRing, kind: str, content: Any, now: datetime) -> str:
    """Keep a fact; return whose it is."""
    if kind == "plan":
        plan = read_plan(content)
        record_plan(session, keys, plan, now=now)
        return plan.registration_number
    if kind == "level":
        level = read_level(content)
        record_level(session, keys, level, now=now)
        return level.registration_number
    stay = read_stay(content)
    record_stay(session, stay, now=now)
    return stay.registration_number
