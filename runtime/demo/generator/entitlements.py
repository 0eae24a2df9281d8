"""Rights granted long ago whose review comes due (droits ouverts): ALD, invalidity pensions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from runtime.demo.generator import draws, names
from runtime.demo.generator.arrivals import ZONE, is_working_day, to_date
from runtime.demo.generator.build import World
from runtime.demo.generator.diagnoses import PATHOLOGIES
from runtime.demo.generator.draws import Ints
from runtime.demo.generator.people import INSURED, LANGUAGES, RELATIONS
from runtime.demo.generator.render import ald_number
from runtime.demo.generator.staff import Staff, StaffDoctor

# Days between the opening of a reassessment and the end of the right. ALD: 90 days before
# expiry; a pension is seen again 30 days before its review.
_OPENS_BEFORE = {"ald": 90, "invalidity": 30}
_WINDOW, _LATE = 30, 4
_POOL = {"ald": "chronic", "invalidity": "invalid"}


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A right as the register of rights holds it; names are those of the table's columns.

    ``opens_on`` is the day on which the reassessment opens by itself, ``is_due`` whether that is
    near (from four days before to thirty days after the day the fund was made for).
    """

    number: str
    flow: str
    right_code: str | None
    registration_number: str
    national_id: str
    family_name: str
    given_name: str
    birth_date: date
    sex: str
    language: str
    relation: str | None
    beneficiary_family_name: str | None
    beneficiary_given_name: str | None
    beneficiary_birth_date: date | None
    agency_code: str
    valid_from: date
    valid_to: date | None
    next_review_on: date
    opens_on: date
    previous_doctor_code: str
    granted_at: datetime
    is_due: bool


def make_entitlements(
    world: World, staff: Staff, as_of: date, wanted: dict[str, tuple[int, int]]
) -> list[Entitlement]:
    """Return rights by flow: ``wanted`` says how many, and how many of them are due.

    Raises:
        ValueError: more due than rights, or more rights than people who may have them.
    """
    found = []
    for flow, (total, due) in wanted.items():
        late = due // 6
        if not 0 <= due + late <= total:
            raise ValueError(f"{flow}_due: from 0, with a sixth more below {flow}, not {due}")
        members = _holders(world, flow, total)
        opens = _opening_days(world, flow, as_of, (total, due, late))
        found += [
            _entitlement(world, staff, flow, (int(member), day, number < due + late))
            for number, (member, day) in enumerate(zip(members, opens, strict=True))
        ]
    return found


def _holders(world: World, flow: str, total: int) -> Ints:
    """Return ``total`` different people; a pension's holder stays below pension age."""
    pool = world.people.pool(_POOL[flow])
    if total > len(pool):
        raise ValueError(f"{flow}: at most {len(pool)} people may have it, not {total}")
    luck = draws.uniform(world.people.member_keys(pool), f"right-{flow}")
    chosen: Ints = pool[np.argsort(luck)[:total]]
    return chosen


def _opening_days(world: World, flow: str, as_of: date, counts: tuple[int, int, int]) -> list[date]:
    """Return the opening day of each right: those due first, a tenth of them on ``as_of``."""
    total, due, late = counts
    keys = draws.keys(draws.key(world.seed, "opens", flow), total)
    soon = draws.integers(keys, "soon", 0, _WINDOW - 1)
    soon = np.where(draws.chance(keys, "today", 0.1), 0, soon)
    if total:
        soon[0] = 0
    past = -draws.integers(keys, "late", 1, _LATE)
    longest = 1500 if flow == "ald" else 640
    other = draws.integers(keys, "other", _WINDOW, longest)
    number = np.arange(total)
    days = np.where(number < due, soon, np.where(number < due + late, past, other))
    return [as_of + timedelta(days=shift) for shift in days.tolist()]


def _entitlement(
    world: World, staff: Staff, flow: str, what: tuple[int, date, bool]
) -> Entitlement:
    member, opens, is_due = what
    people = world.people.members
    insured, pathology = int(people.insured[member]), int(people.pathology[member])
    months = PATHOLOGIES[pathology].months[1] if flow == "ald" else (12, 24)[member % 2]
    opens, ends, start = _period(world, flow, opens, months)
    agency = world.people.agencies[int(world.people.agency[insured])]
    head, holder = _person(world, insured), _person(world, member)
    # A small child's right began with its illness, not before its birth.
    start = max(start, holder[2] + timedelta(days=60))
    alone = int(people.relation[member]) == INSURED
    row = np.array([insured])
    return Entitlement(
        number=ald_number(member) if flow == "ald" else f"PI-{member:07d}",
        flow=flow,
        right_code=_right_code(flow, pathology, member),
        registration_number=world.people.registration(row)[0],
        national_id=world.people.national_id(row)[0],
        family_name=head[0],
        given_name=head[1],
        birth_date=head[2],
        sex="F" if people.female[insured] else "M",
        language=LANGUAGES[int(world.people.language[insured])],
        relation=RELATIONS[int(people.relation[member])],
        beneficiary_family_name=None if alone else holder[0],
        beneficiary_given_name=None if alone else holder[1],
        beneficiary_birth_date=None if alone else holder[2],
        agency_code=agency,
        valid_from=start,
        # A pension is granted for a time too, but paid until its review ends.
        valid_to=ends if flow == "ald" else None,
        next_review_on=ends,
        opens_on=opens,
        previous_doctor_code=_previous_doctor(staff, agency, flow, member).code,
        granted_at=_granted_at(start, member),
        is_due=is_due,
    )


def _period(world: World, flow: str, opens: date, months: int) -> tuple[date, date, date]:
    """Return opening of the review, end and start of a right that runs on the fund's day."""
    length, before = round(months * 30.4375), _OPENS_BEFORE[flow]
    latest = to_date(world.people.as_of + length - before - 1)
    ends = min(opens, latest) + timedelta(days=before)
    return min(opens, latest), ends, ends - timedelta(days=length)


def _right_code(flow: str, pathology: int, member: int) -> str | None:
    if flow == "ald":
        return PATHOLOGIES[pathology].code
    return "third_person_aid" if member % 9 == 0 else None


def _person(world: World, member: int) -> tuple[str, str, date]:
    people = world.people.members
    given = names.GIVEN_FEMALE if people.female[member] else names.GIVEN_MALE
    return (
        names.FAMILY_ALL[int(people.family[member])],
        given[int(people.given[member])],
        to_date(int(people.birth[member])),
    )


def _previous_doctor(staff: Staff, agency: str, flow: str, member: int) -> StaffDoctor:
    """Return who decided last time: a doctor of the agency, or else of its region."""
    for unit in (agency, staff.region_of[agency]):
        found = [
            doctor
            for doctor in staff.by_unit.get(unit, ())
            if any(one.flow == flow for one in doctor.competences)
        ]
        if found:
            return found[member % len(found)]
    raise ValueError(f"no doctor for {flow} at {agency} or in its region")


def _granted_at(start: date, member: int) -> datetime:
    day = start
    while not is_working_day(day):
        day -= timedelta(days=1)
    return datetime(day.year, day.month, day.day, 9, member % 60, tzinfo=ZONE)
