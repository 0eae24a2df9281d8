"""Writing a letter down: its context is frozen and its sending left to the outbox (courriers)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from medcontrol import outbox
from medcontrol.clock import civil_date
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.vocabulary import LetterStatus, LetterWay
from workflows.definition.catalog import Pack
from workflows.letters import rendering as letters
from workflows.letters.answers import currency_of, stated
from workflows.letters.marks import LetterWays, new_code, told_to, verification, way_of

LANGUAGES = ("fr", "ar")
#: Others than the insured person have to know whom a letter is about.
_TOLD_WHOSE = frozenset({"provider", "employer", "specialist"})
_EMPLOYER = {"fr": "À l’employeur", "ar": "إلى المشغل"}
_AFFILIATION = {"fr": "Affiliation n°", "ar": "رقم الانخراط"}
_SPECIALIST = {"fr": "Au médecin spécialiste consulté", "ar": "إلى الطبيب الأخصائي المستشار"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who signs, the fund and the unit; how long a letter waits that can be undone, and goes."""

    fund: str
    unit_name: str
    undo_seconds: int
    ways: LetterWays = field(default_factory=LetterWays)


@dataclass(slots=True, kw_only=True)
class Occasion:
    """What a move knows that its letters may have to say. Shareable wording only."""

    pieces: Sequence[Mapping[str, str]] = ()
    asked_at: datetime | None = None  # for the pieces
    answer_by: date | None = None
    appointment: Mapping[str, Any] | None = None
    decision: dict[str, Any] | None = None
    review: Mapping[str, Any] | None = None
    contest: Mapping[str, Any] | None = None
    mission: Mapping[str, Any] | None = None
    calculation: Mapping[str, Any] | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)  # of the step that ended
    is_undoable: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


_forced: ContextVar[str | None] = ContextVar("letter_language", default=None)


@contextmanager
def writing_in(language: str) -> Iterator[None]:
    """Write every letter of a block in one language, whoever it is for: to be read before."""
    token = _forced.set(language)
    try:
        yield
    finally:
        _forced.reset(token)


def language_of(received: Mapping[str, Any]) -> str:
    """Return the language of a person's letters: their own when we write it, else French."""
    if forced := _forced.get():
        return forced
    language = received.get("language")
    return language if language in LANGUAGES else "fr"


def letter_rows(
    pack: Pack,
    code: str,
    *,
    file: Mapping[str, Any],
    received: Mapping[str, Any],
    sender: Sender,
    occasion: Occasion,
    number: str,
    now: datetime,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the rows of a letter and of the outbox message that sends it.

    None instead of a message for a letter that an agency prints.

    Args:
        pack: the file's pack.
        code: one of its letters.
        file: the control file's columns.
        received: the received file's columns; who is written to.
        sender: who signs.
        occasion: what the move knows.
        number: tells this letter from the file's other letters of the same step.
        now: when it is written.

    Raises:
        InvalidInput: the letter needs something that the occasion does not have.
    """
    language = language_of(received)
    part = pack.meta.letters[code]
    said = _context(pack, code, file, received, sender, occasion, language, now)
    verification_code = new_code()
    said["verification"] = verification(sender.ways, verification_code)
    context = letters.checked(pack, code, told_to(part.recipient, said, language))
    wait = timedelta(seconds=sender.undo_seconds if occasion.is_undoable else 0)
    letter = {
        "id": new_id(),
        "control_file_id": file["id"],
        "occasion": number,
        "code": code,
        "pack": pack.key,
        "language": language,
        "recipient": part.recipient,
        "status": LetterStatus.WAITING,
        "context": context.model_dump(mode="json"),
        "written_at": now,
        "ready_at": now + wait,
        "verification_code": verification_code,
        "is_registered": part.registered,
        "way": way_for(pack, code, sender.ways, file=file, received=received),
    }  # fmt: skip
    if letter["way"] is LetterWay.AGENCY:
        return letter, None
    message = outbox.row(
        outbox.NewMessage(
            topic="letters.send",
            key=f"letter:{letter['id']}",
            payload={"letter_id": str(letter["id"])},
            not_before=now + wait,
        ),
        now,
    )
    return letter, message


def way_for(
    pack: Pack, code: str, ways: LetterWays, *, file: Mapping[str, Any], received: Mapping[str, Any]
) -> LetterWay:
    """Return how a letter of a file leaves."""
    part = pack.meta.letters[code]
    return way_of(
        ways, channel=file["channel"], recipient=part.recipient,
        is_registered=part.registered, has_consent=_has_consent(received),
    )  # fmt: skip


def _context(
    pack: Pack,
    code: str,
    file: Mapping[str, Any],
    received: Mapping[str, Any],
    sender: Sender,
    occasion: Occasion,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    today = civil_date(now, file["jurisdiction"])
    details = received.get("details") or {}
    address = (details.get("insured") or {}).get("address")
    insured = f"{received['given_name']} {received['family_name']}"
    titles = pack.served.titles
    context: dict[str, Any] = {
        "fund": sender.fund,
        "service": sender.unit_name,
        "place": sender.unit_name,
        "written_on": today,
        "reference": file["reference"],
        "flow": titles.ar if language == "ar" else titles.fr,
        "received_on": file["received_on"],
        "registration_number": file["registration_number"],
        "addressee": addressee_of(
            pack.meta.letters[code].recipient, language, details, insured, address
        ),
        "pieces": occasion.pieces or None,
        "answer_by": occasion.answer_by,
        "appointment": occasion.appointment,
        "decision": occasion.decision,
        "review": occasion.review,
        "contest": occasion.contest,
        "mission": occasion.mission,
        "calculation": occasion.calculation,
        "stated": stated(
            pack, code, occasion.answers, language, currency_of(received, file["jurisdiction"])
        ),
    }
    if pack.meta.letters[code].recipient == "expert" and occasion.mission:
        rows = [occasion.extra["address"]] if occasion.extra.get("address") else []
        context["addressee"] = {"name": occasion.mission["expert"], "address": rows}
    if received.get("beneficiary_family_name"):
        names = (received["beneficiary_given_name"], received["beneficiary_family_name"])
        context["beneficiary"] = " ".join(names)
    elif pack.meta.letters[code].recipient in _TOLD_WHOSE:
        context["beneficiary"] = insured
    if occasion.decision or "appeal" in _needs(pack):
        days = law(file["jurisdiction"]).number("clocks.appeal_file_days", file["received_on"])
        context["appeal"] = {"days": days.value, "address": f"{sender.fund}, {sender.unit_name}"}
    return context


def addressee_of(
    recipient: str, language: str, details: Mapping[str, Any], insured: str, address: str | None
) -> dict[str, Any]:
    """Return who is written to: the one the letter is for, else the insured person."""
    provider = details.get("provider") or {}
    if recipient == "provider" and provider:
        return {"name": provider.get("name") or provider["id"]}
    if recipient == "employer":
        return _employer(details.get("employer") or {}, language)
    if recipient == "specialist":
        return {"name": _SPECIALIST[language]}
    return {"name": insured, "address": [address] if address else []}


def _employer(employer: Mapping[str, str], language: str) -> dict[str, Any]:
    """Return the employer as the sender's form names it: never more than that."""
    number = employer.get("number")
    rows = [employer["address"]] if employer.get("address") else []
    if number:
        rows.append(f"{_AFFILIATION[language]} {number}")
    return {"name": employer.get("name") or _EMPLOYER[language], "address": rows}


def _has_consent(received: Mapping[str, Any]) -> bool:
    """Return whether the person chose digital administration."""
    insured = (received.get("details") or {}).get("insured") or {}
    return insured.get("digital_consent") is True


def _needs(pack: Pack) -> set[str]:
    return {group for letter in pack.meta.letters.values() for group in letter.needs}
