"""Letters and rights that past decisions brought (courriers envoyés, droits accordés)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from medcontrol import journal
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Entitlement, Letter
from medcontrol.reference.acts import act_label
from medcontrol.vocabulary import EntitlementStatus, LetterStatus
from runtime.demo.bulk import Gathered
from runtime.demo.closed import Closed, appointment_at, civil_day
from workflows.effects.rights import prefix_of
from workflows.engine.paths import OperationCall
from workflows.letters.answers import amount
from workflows.letters.marks import LetterWays
from workflows.letters.writing import Occasion, Sender, language_of, letter_rows
from workflows.steps.limits import Limits

# A reassessment that should have opened before this many days ago is taken for settled since.
LATEST_DAYS = 4
Person = tuple[str, str, Any]


class Consequences:
    """Adds to closed files what their flows called for: letters sent, rights opened."""

    def __init__(
        self, gathered: Gathered, units: Mapping[str, str], fund_name: str, today: Any,
        known: set[Person], ways: LetterWays, limits: Limits,
    ) -> None:  # fmt: skip
        """Keep what all files share; ``known`` are the people who hold a right already."""
        self.gathered, self.units, self.fund_name = gathered, units, fund_name
        self.today, self.known, self.ways, self.limits = today, known, ways, limits
        self.granted = 0

    def write(self, closed: Closed) -> None:
        """Carry out the operations of a closed file's journey, in their order."""
        opened = closed.outcome.opened_at
        calls = [(opened, call) for call in closed.journey.opening]
        for place, stage in enumerate(closed.journey.stages):
            calls += [(closed.instant(place), call) for call in stage.operations]
        right: dict[str, Any] | None = None
        for number, (at, call) in enumerate(calls):
            if call.operation == "grant_entitlement":
                right = self._grant(closed, call)
            elif call.operation == "send_letter":
                self._letter(closed, call, at, number, right)

    def _letter(
        self, closed: Closed, call: OperationCall, at: datetime, number: int,
        right: Mapping[str, Any] | None,
    ) -> None:  # fmt: skip
        code = call.arguments["letter"]
        needs = closed.pack.meta.letters[code].needs
        if "review" in needs:
            return  # nobody kept which right was reviewed then
        occasion = Occasion()
        if "answer_by" in needs:
            occasion.answer_by = self._answer_by(closed, code, at)
        if "appointment" in needs:
            place = self.units[closed.file["agency_code"]]
            occasion.appointment = {"starts_at": appointment_at(closed), "place": place}
        if at == closed.outcome.decided_at:
            occasion.decision = self._decision(closed, right)
        unit = self.units[closed.file["agency_code"]]
        letter, _ = letter_rows(
            closed.pack, code, file=closed.file, received=closed.received,
            sender=Sender(
                fund=self.fund_name, unit_name=unit, undo_seconds=0, ways=self.ways
            ),
            occasion=occasion, number=f"{call.step}:{number}", now=at,
        )  # fmt: skip
        sent_at = at + timedelta(minutes=2)
        letter |= {
            "status": LetterStatus.SENT,
            "sent_at": sent_at,
            "carrier_reference": f"DEMO-{closed.file['reference']}-{number}",
        }
        self.gathered.add(Letter, letter)
        closed.tell(at, journal.SYSTEM, "letter.written", letter=str(letter["id"]), code=code)
        closed.tell(sent_at, journal.SYSTEM, "letter.sent", letter=str(letter["id"]), code=code)

    def _answer_by(self, closed: Closed, code: str, at: datetime) -> date | None:
        """Return until when a letter may be answered: a deadline of the pack that it names."""
        meta = closed.pack.meta
        named = meta.letters[code].answer_within
        if named is None:
            return None
        due = self.limits.due(meta.deadlines[named].parameter, at, closed.received["received_on"])
        return self.limits.calendar.civil_date(due.at)

    def _decision(self, closed: Closed, right: Mapping[str, Any] | None) -> dict[str, Any]:
        language = language_of(closed.received)
        asked = {line["no"]: line for line in closed.message.get("lines", ())}
        part: dict[str, Any] = {
            "outcome": closed.journey.decided,
            "decided_on": civil_day(closed),
            "valid_from": closed.outcome.valid_from,
            "valid_to": closed.outcome.valid_to,
            "lines": [
                {
                    "label": act_label("ma", asked[line.line_no]["act"], language),
                    "outcome": line.outcome,
                    "requested": amount(
                        int(Decimal(asked[line.line_no]["amount"]) * 100), "MAD", language
                    ),
                    "granted": amount(line.amount_cents or 0, "MAD", language),
                }
                for line in closed.outcome.lines
            ],
        }
        if right is not None:
            part |= {
                "entitlement_number": right["number"],
                "next_review_on": right["next_review_on"],
            }
        return part

    def _grant(self, closed: Closed, call: OperationCall) -> dict[str, Any] | None:
        """Gather the right that was granted, unless the register holds one of this person."""
        received, outcome, file = closed.received, closed.outcome, closed.file
        person = (file["registration_number"], file["flow"], file["person_birth_date"])
        rule = closed.pack.meta.entitlement
        review = rule.review_of(call.arguments.get("code")) if rule else None
        if person in self.known or outcome.valid_to is None or review is None:
            return None
        self.known.add(person)
        self.granted += 1
        kind = call.arguments["kind"]
        day = civil_day(closed)
        before = law("ma").number(review.opens_days_before, received["received_on"]).value
        review_on = outcome.valid_to + timedelta(days=1)
        opens_on = review_on - timedelta(days=before)
        is_over = opens_on < self.today - timedelta(days=LATEST_DAYS)
        same = (
            "jurisdiction", "flow", "registration_number", "national_id", "family_name",
            "given_name", "birth_date", "sex", "language", "relation", "beneficiary_family_name",
            "beneficiary_given_name", "beneficiary_birth_date", "agency_code",
        )  # fmt: skip
        right = {name: received[name] for name in same} | {
            "id": new_id(),
            "number": f"{prefix_of(kind)}-{day.year}-{9_000_000 + self.granted:07d}",
            "right_code": _code(closed, call),
            "valid_from": outcome.valid_from,
            "valid_to": None if kind == "invalidity" and not is_over else outcome.valid_to,
            "next_review_on": None if is_over else review_on,
            "opens_on": None if is_over else opens_on,
            "status": EntitlementStatus.ENDED if is_over else EntitlementStatus.ACTIVE,
            "control_file_id": file["id"],
            "previous_doctor_id": closed.doctor_id,
            "granted_at": outcome.decided_at,
        }
        file["entitlement_id"] = right["id"]
        self.gathered.add(Entitlement, right)
        return right


def _code(closed: Closed, call: OperationCall) -> str | None:
    """Return what tells the right apart: the pathology that is paid for, or the pack's code."""
    if call.arguments["kind"] == "ald":
        pathology: str | None = closed.message.get("medical", {}).get("pathology")
        return pathology
    code = call.arguments.get("code")
    return None if code is None else str(code)
