"""How past controls ended (décisions rendues): opinions by line, motives, dates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from medcontrol.vocabulary import (
    ControlLevel,
    ControlMode,
    DecisionOutcome,
    Lane,
    LineOutcome,
    Origin,
)
from runtime.demo.generator import draws
from runtime.demo.generator.arrivals import ZONE, to_date, to_days, working_days_after
from runtime.demo.generator.diagnoses import PATHOLOGIES
from runtime.demo.generator.staff import Staff, StaffDoctor

# Shareable motives; the first half is medical, the second administrative.
MEDICAL_MOTIVES: tuple[str, ...] = (
    "not_medically_justified", "quantity_excessive", "criteria_not_met", "not_linked_to_ald",
    "act_not_in_basket", "alternative_available",
)  # fmt: skip
ADMINISTRATIVE_MOTIVES: tuple[str, ...] = ("filed_too_late", "rights_closed", "not_covered")
ADJOURNED_MOTIVE = "not_consolidated"
_MANDATORY = frozenset({"care_abroad", "invalidity"})
_CAN_ADJOURN = frozenset({"invalidity", "disability", "ald"})
_ALD_MONTHS = {one.code: one.months for one in PATHOLOGIES}
_CENTRAL = frozenset({"care_abroad"})
_IN_PERSON = frozenset({"invalidity"})


@dataclass(frozen=True, slots=True)
class LineOpinion:
    """The opinion on one line; ``quantity`` and ``amount_cents`` are what was accepted."""

    line_no: int
    outcome: LineOutcome
    motive_code: str | None
    quantity: str | None
    amount_cents: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A control that was opened and decided. Instants are aware, in working hours."""

    lane: Lane
    level: ControlLevel
    mode: ControlMode
    origins: tuple[Origin, ...]
    doctor_code: str
    opened_at: datetime
    decided_at: datetime
    outcome: DecisionOutcome
    motive_code: str | None
    lines: tuple[LineOpinion, ...]
    valid_from: date | None
    valid_to: date | None


class Deciders:
    """Finds the doctor who decided, and what was decided, from the message alone."""

    def __init__(self, staff: Staff, seed: int, as_of: date) -> None:
        self._staff, self._seed, self._as_of = staff, seed, as_of
        self._found: dict[tuple[str, str, str, ControlLevel], tuple[StaffDoctor, ...]] = {}

    def decide(self, message: Mapping[str, Any], received: date) -> Outcome:
        """Return how the control of a file received on that day ended, before ``as_of``.

        Raises:
            ValueError: no working day lies between.
        """
        dice = _Dice(draws.key(self._seed, "outcome", message["external_id"]))
        flow, nature = message["flow"], message["nature"]
        mode = ControlMode.IN_PERSON if flow in _IN_PERSON else ControlMode.ON_FILE
        if mode is ControlMode.ON_FILE and dice("mode") < 0.09:
            mode = ControlMode.IN_PERSON
        level = _level(flow, dice)
        doctor = self._doctor(message, level, dice)
        # Doctors differ: the strictest refuse about twice as often as the mildest.
        severity = 0.7 + 0.7 * _Dice(draws.key(self._seed, doctor.code))("severity")
        outcome = _outcome(flow, dice("outcome") / severity, many=len(message.get("lines", ())))
        opened, decided = self._instants(received, mode, dice)
        until = _valid_to(message, decided.date()) if outcome is _GRANTED else None
        return Outcome(
            lane=Lane.RED if mode is ControlMode.IN_PERSON else Lane.ORANGE,
            level=level,
            mode=mode,
            origins=_origins(flow, nature, message, dice),
            doctor_code=doctor.code,
            opened_at=opened,
            decided_at=decided,
            outcome=outcome,
            motive_code=_motive(outcome, dice("motive")),
            lines=_line_opinions(message, outcome, dice),
            valid_from=decided.date() if until else None,
            valid_to=until,
        )

    def _doctor(
        self, message: Mapping[str, Any], level: ControlLevel, dice: "_Dice"
    ) -> StaffDoctor:
        own = {message["prescriber"]["id"], message["provider"]["id"],
               message["insured"]["registration_number"]}  # fmt: skip
        wanted = (message["agency"], message["flow"], message["nature"], level)
        if wanted not in self._found:
            self._found[wanted] = self._candidates(*wanted)
        free = [
            doctor
            for doctor in self._found[wanted]
            if doctor.professional_id not in own
            and not any(conflict.subject in own for conflict in doctor.conflicts)
        ]
        return free[int(dice("doctor") * len(free))]

    def _candidates(
        self, agency: str, flow: str, nature: str, level: ControlLevel
    ) -> tuple[StaffDoctor, ...]:
        """Return the doctors of the nearest unit that has at least one who may."""
        region = self._staff.region_of[agency]
        units = {ControlLevel.LOCAL: [agency], ControlLevel.REGIONAL: [region]}.get(level, [])
        near = [code for code, other in self._staff.region_of.items() if other == region]
        rings = [units, near if level is ControlLevel.LOCAL else [], [region], []]
        for ring in rings:
            found = tuple(
                doctor
                for unit in ring
                for doctor in self._staff.by_unit.get(unit, ())
                if doctor.may_control(flow, nature, self._as_of)
            )
            # Two at least, for one may be the treating doctor.
            if len(found) >= 2 and level is not ControlLevel.CENTRAL:
                return found
        return tuple(
            doctor
            for doctor in self._staff.doctors
            if (doctor.level is ControlLevel.CENTRAL or level is not ControlLevel.CENTRAL)
            and doctor.may_control(flow, nature, self._as_of)
        )

    def _instants(
        self, received: date, mode: ControlMode, dice: "_Dice"
    ) -> tuple[datetime, datetime]:
        """Return when it was opened and decided: some working days apart, before ``as_of``."""
        days = working_days_after(received)
        opened = next(days)
        delay = int(dice("delay") ** 2 * 14) + (12 if mode is ControlMode.IN_PERSON else 1)
        decided = opened
        for _ in range(delay):
            following = next(days)
            if following >= self._as_of:
                break
            decided = following
        if decided >= self._as_of:
            raise ValueError(f"no working day between {received} and {self._as_of}")
        # 08:30 to 16:29, and on one day the opening before the decision.
        morning, later = int(dice("opened") * 120), 120 + int(dice("decided") * 360)
        return _instant(opened, morning), _instant(decided, later)


_GRANTED = DecisionOutcome.GRANTED


class _Dice:
    """One file's random numbers by name."""

    def __init__(self, key: int) -> None:
        self._key = key

    def __call__(self, name: str) -> float:
        return draws.key(self._key, name) / 2.0**64

    @cached_property
    def line(self) -> int:
        """A key for the lines."""
        return draws.key(self._key, "line")


def _instant(day: date, minutes: int) -> datetime:
    start = datetime(day.year, day.month, day.day, 8, 30, tzinfo=ZONE)
    return start + timedelta(minutes=minutes)


def _level(flow: str, dice: _Dice) -> ControlLevel:
    if flow in _CENTRAL:
        return ControlLevel.CENTRAL
    above = 0.4 if flow == "invalidity" else 0.07
    return ControlLevel.REGIONAL if dice("level") < above else ControlLevel.LOCAL


def _outcome(flow: str, place: float, *, many: int) -> DecisionOutcome:
    """Return the outcome; about 8 in 10 are granted, fewer than 1 in 10 refused."""
    if place < 0.055:
        return DecisionOutcome.REFUSED_MEDICAL
    if place < 0.07:
        return DecisionOutcome.REFUSED_ADMINISTRATIVE
    if place < 0.08:
        return DecisionOutcome.WITHDRAWN
    if place < 0.2 and (many or flow in _CAN_ADJOURN):
        return DecisionOutcome.PARTIALLY_GRANTED if many else DecisionOutcome.ADJOURNED
    return _GRANTED


def _motive(outcome: DecisionOutcome, place: float) -> str | None:
    if outcome is DecisionOutcome.REFUSED_ADMINISTRATIVE:
        return ADMINISTRATIVE_MOTIVES[int(place * len(ADMINISTRATIVE_MOTIVES))]
    if outcome in (DecisionOutcome.REFUSED_MEDICAL, DecisionOutcome.PARTIALLY_GRANTED):
        return MEDICAL_MOTIVES[int(place * len(MEDICAL_MOTIVES))]
    return ADJOURNED_MOTIVE if outcome is DecisionOutcome.ADJOURNED else None


def _origins(flow: str, nature: str, message: Mapping[str, Any], dice: _Dice) -> tuple[Origin, ...]:
    if "control" in message:
        return (Origin.EXTERNAL,)
    if flow in _MANDATORY or (flow, nature) == ("ald", "first"):
        return (Origin.MANDATORY,)
    place = dice("origin")
    return (Origin.RULE if place < 0.62 else Origin.SCORE if place < 0.86 else Origin.RANDOM,)


def _valid_to(message: Mapping[str, Any], start: date) -> date | None:
    months = {"invalidity": 12, "disability": 36, "medicines": 6}.get(message["flow"])
    if message["flow"] == "ald":
        first, later = _ALD_MONTHS[message["medical"]["pathology"]]
        months = first if message["nature"] == "first" else later
    if months is None:
        return None
    return to_date(to_days(start) + months * 30 + months // 2)


def _line_opinions(
    message: Mapping[str, Any], outcome: DecisionOutcome, dice: _Dice
) -> tuple[LineOpinion, ...]:
    """Return opinions that agree with the outcome: a partial one accepts all lines but one."""
    lines = message.get("lines", ())
    if outcome in (DecisionOutcome.REFUSED_ADMINISTRATIVE, DecisionOutcome.WITHDRAWN) or not lines:
        return ()
    if outcome is DecisionOutcome.REFUSED_MEDICAL:
        motive = _motive(outcome, dice("motive"))
        return tuple(LineOpinion(one["no"], LineOutcome.REFUSED, motive, None, 0) for one in lines)
    touched = int(dice("which") * len(lines)) if outcome is not _GRANTED else -1
    return tuple(
        _partial(line, lines, dice) if place == touched else _accepted(line)
        for place, line in enumerate(lines)
    )


def _accepted(line: Mapping[str, Any]) -> LineOpinion:
    cents = int(line["amount"].replace(".", ""))
    return LineOpinion(line["no"], LineOutcome.ACCEPTED, None, line["quantity"], cents)


def _partial(line: Mapping[str, Any], lines: list[Mapping[str, Any]], dice: _Dice) -> LineOpinion:
    motive = _motive(DecisionOutcome.PARTIALLY_GRANTED, dice("motive"))
    quantity, cents = int(line["quantity"]), int(line["amount"].replace(".", ""))
    if quantity > 1:
        less = max(1, int(quantity * (0.4 + dice("less") * 0.5)))
        price = cents // quantity
        return LineOpinion(line["no"], LineOutcome.MODIFIED, motive, str(less), price * less)
    if len(lines) > 1:
        return LineOpinion(line["no"], LineOutcome.REFUSED, motive, None, 0)
    lower = cents * 7 // 10
    return LineOpinion(line["no"], LineOutcome.MODIFIED, motive, line["quantity"], lower)
