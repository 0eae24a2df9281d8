"""Letters to providers between probe rounds (courriers aux professionnels).

Figures, the fund's coded wording of what went wrong, and dates: no person, nothing medical.
"""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from medcontrol import outbox
from medcontrol.clock import Clock, civil_date
from medcontrol.documents import DocumentStore
from medcontrol.errors import NotFound
from medcontrol.ids import new_id
from medcontrol.model import OutboxMessage, Probe, ProviderLetter
from medcontrol.ports import Post
from medcontrol.reference.flows import flows
from medcontrol.reference.motives import motives
from medcontrol.vocabulary import LetterStatus
from selectivity.outcomes.probes import Tally
from workflows.letters.context import Verification
from workflows.letters.marks import LetterWays, new_code, verification
from workflows.letters.qr import qr_svg
from workflows.letters.rendering import typeset

FOLDER = Path(__file__).parent / "provider_packs"
TOPIC = "provider_letters.send"
EDUCATION = "education"
_COMMONEST = 3

_MOTIVES = """
SELECT code, count(DISTINCT file) FROM (
  SELECT d.motive_code AS code, f.id AS file
  FROM probe_file p JOIN control_file f ON f.received_file_id = p.received_file_id
  JOIN decision d ON d.control_file_id = f.id AND d.undone_at IS NULL
  WHERE p.probe_id = :probe AND p.round = :number
  UNION ALL
  SELECT l.motive_code, f.id
  FROM probe_file p JOIN control_file f ON f.received_file_id = p.received_file_id
  JOIN decision d ON d.control_file_id = f.id AND d.undone_at IS NULL
  JOIN line_opinion l ON l.opinion_id = d.opinion_id
  WHERE p.probe_id = :probe AND p.round = :number) found
WHERE code IS NOT NULL GROUP BY code ORDER BY 2 DESC, 1 LIMIT :most
"""
_NAME = """
SELECT details -> 'provider' ->> 'name' FROM received_file
WHERE id = ANY(SELECT received_file_id FROM probe_file WHERE probe_id = :probe)
  AND details -> 'provider' ->> 'name' IS NOT NULL
ORDER BY received_at DESC LIMIT 1
"""


class EducationContext(BaseModel):
    """All that a letter after a round may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fund: str = Field(min_length=1)
    service: str = Field(min_length=1)
    place: str = Field(min_length=1)
    written_on: date
    reference: str = Field(min_length=1)
    provider_id: str = Field(min_length=1)
    provider_name: str = Field(min_length=1)
    flow: str = Field(min_length=1)
    acts: str | None = None
    round: int = Field(ge=1)
    rounds: int = Field(ge=1)
    controls: int = Field(ge=0)
    hits: int = Field(ge=0)
    rate: str
    limit: str
    motives: tuple[str, ...] = ()
    next_on: date | None = None
    verification: Verification | None = None


_SERVICE = {
    "fr": ("Contrôle médical central", "Siège"),
    "ar": ("المراقبة الطبية المركزية", "المقر"),
}


def write_letter(
    session: Session,
    fund: str,
    probe: Probe,
    number: int,
    found: Tally,
    *,
    next_on: date | None,
    now: datetime,
    ways: LetterWays | None = None,
) -> ProviderLetter:
    """Write the letter after a round, once, and leave its sending to the outbox."""
    before = session.exec(
        select(ProviderLetter).where(
            ProviderLetter.probe_id == probe.id, ProviderLetter.round == number
        )
    ).first()
    if before is not None:
        return before
    code = new_code()
    context = _context(session, fund, probe, number, found, next_on, now)
    letter = ProviderLetter.model_validate(
        {
            "id": new_id(), "probe_id": probe.id, "round": number, "code": EDUCATION,
            "language": probe.language, "status": LetterStatus.WAITING, "written_at": now,
            "verification_code": code,
            "context": context | {"verification": verification(ways or LetterWays(), code)},
        }
    )  # fmt: skip
    session.add(letter)
    session.flush()
    message = outbox.NewMessage(
        topic=TOPIC, key=f"provider_letter:{letter.id}", payload={"letter_id": str(letter.id)}
    )
    outbox.publish(session, [message], now=now)
    return letter


def _context(
    session: Session,
    fund: str,
    probe: Probe,
    number: int,
    found: Tally,
    next_on: date | None,
    now: datetime,
) -> dict[str, Any]:
    language = probe.language
    values = {"probe": probe.id, "number": number, "most": _COMMONEST}
    codes = [row[0] for row in session.execute(sa.text(_MOTIVES), values)]
    known = motives(probe.jurisdiction)
    service, place = _SERVICE[language]
    name = session.execute(sa.text(_NAME), {"probe": probe.id}).scalar()
    context = EducationContext(
        fund=fund, service=service, place=place,
        written_on=civil_date(now, probe.jurisdiction), reference=reference_of(probe),
        provider_id=probe.provider_id, provider_name=name or probe.provider_id,
        flow=flows()[probe.flow].title.in_language(language), acts=probe.acts,
        round=number, rounds=probe.max_rounds, controls=found.counted, hits=found.hits,
        rate=_percent(found.rate.value * 100), limit=_percent(probe.threshold / 100),
        motives=tuple(known[code].wording.in_language(language) for code in codes if code in known),
        next_on=next_on,
    )  # fmt: skip
    return context.model_dump(mode="json")


def _percent(value: float) -> str:
    return f"{value:.0f} %"


def reference_of(probe: Probe) -> str:
    """Return the name of a probe in letters and lists.

    The first and last digits of its id: the first ones tell the time, the last ones are random.
    """
    digits = probe.id.hex.upper()
    return f"PRB-{digits[:6]}-{digits[-4:]}"


def render(letter: ProviderLetter, *, fonts: Sequence[Path]) -> bytes:
    """Return a provider's letter as PDF; the same bytes for the same letter."""
    context = EducationContext.model_validate(letter.context)
    address = context.verification.address if context.verification else None
    data = context.model_dump() | {"qr": qr_svg(address) if address else None}
    template = FOLDER / f"{letter.code}.{letter.language}.typ"
    return typeset(template, FOLDER, data, letter.language, tuple(fonts))[0]


def send(
    session: Session,
    message_id: UUID,
    *,
    fonts: Sequence[Path],
    documents: DocumentStore,
    post: Post,
    now: Clock,
) -> LetterStatus | None:
    """Send one letter to a provider, however often this is called.

    A second caller waits for the message's lock and then finds it done; after a crash the same
    idempotency key is handed to the carrier again.

    Raises:
        Unavailable: the carrier took nothing; call again later.
        NotFound: the message tells of a letter that does not exist.
    """
    message = session.get(OutboxMessage, message_id)
    if message is None:
        return None
    letter = session.get(ProviderLetter, UUID(message.payload["letter_id"]))
    if letter is None:
        raise NotFound("there is no such letter", field="letter_id")
    pdf = render(letter, fonts=fonts)
    if outbox.begin(session, message_id) is None:
        return None
    session.refresh(letter, with_for_update=True)
    if letter.status is LetterStatus.WAITING:
        letter.pdf_sha256 = documents.put(pdf).sha256
        letter.carrier_reference = post.send(
            letter.id, pdf, idempotency_key=f"provider_letter:{letter.id}", recipient="provider"
        )
        letter.status, letter.sent_at = LetterStatus.SENT, now()
    outbox.finish(message, now=now())
    return letter.status
