"""What the measurement proposes, and what an analyst makes of it (propositions).

A segment of random controls with many hits becomes a draft row; a row that finds less than
chance, a draft without it; a segment that names a provider, a probe or a case, never a rule. A
draft still has to be checked, back-tested and approved like any other.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import RuleProposal
from medcontrol.policy import Principal
from medcontrol.vocabulary import ProposalKind, ProposalStatus
from selectivity.lifecycle import editing, service, store
from selectivity.lifecycle.rows import Act, content, must_write
from selectivity.outcomes.effectiveness import Effect
from selectivity.outcomes.provider_cases import Suspicion, open_case
from selectivity.outcomes.scan import Segment
from selectivity.outcomes.sentences import segment_sentence

#: A dismissed proposal does not come back for so many days.
QUIET_DAYS = 90
_ROW_DAYS = 180
_DAILY_QUOTA = 40
_REASON = (
    "Dossier d’un type où des anomalies ont été constatées ;"
    " vérifier les actes et leur justification."
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal before it is kept."""

    kind: ProposalKind
    subject: str
    sentence: str
    condition: tuple[Any, ...]
    evidence: dict[str, Any]


def of_segment(segment: Segment) -> Proposed:
    """Return what a segment leads to."""
    names = {name for name, _ in segment.condition}
    kind = ProposalKind.PROVIDER if "provider" in names else ProposalKind.ADD_ROW
    condition = tuple([name, value] for name, value in segment.condition)
    return Proposed(
        kind, orjson.dumps(condition).decode(), segment_sentence(segment.condition), condition,
        {
            "window_days": segment.window, "hits": int(segment.rate.hits),
            "controls": int(segment.rate.n), "rate": segment.rate.value,
            "low": segment.rate.low, "high": segment.rate.high, "base": segment.base.value,
            "lift": segment.lift.value, "lift_low": segment.lift.low,
            "lift_high": segment.lift.high, "p": segment.p, "threshold": segment.threshold,
            "share": segment.share, "avoided_cents": segment.avoided_cents,
            "files": [str(each) for each in segment.hits],
        },
    )  # fmt: skip


def of_effect(effect: Effect, base: Effect) -> Proposed:
    """Return the proposal to suspend a row that finds less than chance."""
    return Proposed(
        ProposalKind.SUSPEND_ROW, effect.key,
        f"Suspendre la règle {effect.key} : elle trouve moins que le hasard.", (),
        {
            "hits": effect.hits, "controls": effect.controls, "rate": effect.rate,
            "low": effect.low, "high": effect.high, "base": base.rate,
            "avoided_cents": effect.avoided_cents, "minutes": effect.minutes,
        },
    )  # fmt: skip


def propose(
    session: Session,
    jurisdiction: str,
    kinds: Iterable[ProposalKind],
    found: Sequence[Proposed],
    *,
    today: date,
) -> int:
    """Keep what is proposed today; return how many proposals are new.

    What is open is refreshed; what was settled within ``QUIET_DAYS`` does not come back. Open
    proposals to suspend that do not hold any more lapse: the row finds enough again.
    """
    known = {(row.kind, row.subject): row for row in _recent(session, jurisdiction, today)}
    wanted = {(each.kind, each.subject): each for each in found}
    new = 0
    for key, each in wanted.items():
        row = known.get(key)
        if row is None:
            session.add(_row(jurisdiction, each, today))
            new += 1
        elif row.status is ProposalStatus.OPEN:
            row.evidence, row.last_on = each.evidence, today
    lapsing = ProposalKind.SUSPEND_ROW in set(kinds)
    for key, row in known.items():
        if lapsing and key not in wanted and row.kind is ProposalKind.SUSPEND_ROW and (
            row.status is ProposalStatus.OPEN
        ):  # fmt: skip
            session.delete(row)
    session.flush()
    return new


def _recent(session: Session, jurisdiction: str, today: date) -> Sequence[RuleProposal]:
    since = today - timedelta(days=QUIET_DAYS)
    return session.exec(
        select(RuleProposal)
        .where(
            RuleProposal.jurisdiction == jurisdiction,
            (col(RuleProposal.status) == ProposalStatus.OPEN) | (col(RuleProposal.last_on) > since),
        )
        .order_by(col(RuleProposal.status) == ProposalStatus.OPEN)
        .with_for_update()
    ).all()


def _row(jurisdiction: str, each: Proposed, today: date) -> RuleProposal:
    return RuleProposal.model_validate(
        {
            "id": new_id(), "jurisdiction": jurisdiction, "kind": each.kind,
            "subject": each.subject, "sentence": each.sentence,
            "condition": list(each.condition), "evidence": each.evidence,
            "status": ProposalStatus.OPEN, "made_on": today, "last_on": today,
        }
    )  # fmt: skip


def proposals(session: Session, jurisdiction: str, *, most: int = 100) -> list[RuleProposal]:
    """Return the proposals, open ones first, then the newest."""
    found = session.exec(
        select(RuleProposal)
        .where(RuleProposal.jurisdiction == jurisdiction)
        .order_by(
            col(RuleProposal.status) != ProposalStatus.OPEN, col(RuleProposal.last_on).desc(),
            col(RuleProposal.id).desc(),
        )
        .limit(most)
    )  # fmt: skip
    return list(found.all())


def _locked(session: Session, proposal_id: UUID, actor: Principal) -> RuleProposal:
    must_write(actor)
    found = session.exec(
        select(RuleProposal)
        .where(RuleProposal.id == proposal_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound("there is no such proposal", field="proposal")
    if found.status is not ProposalStatus.OPEN:
        raise AlreadyDone("this proposal was settled before")
    return found


def dismiss(
    session: Session, proposal_id: UUID, reason: str, *, actor: Principal, now: datetime
) -> RuleProposal:
    """Set a proposal aside, with a reason.

    Raises:
        Forbidden: the actor is no analyst.
        NotFound, AlreadyDone: there is none, or it was settled before.
        InvalidInput: no reason is given.
    """
    row = _locked(session, proposal_id, actor)
    if not reason.strip():
        raise InvalidInput("say why", field="reason")
    return _settle(session, row, ProposalStatus.DISMISSED, actor, now, reason=reason.strip()[:500])


def accept(session: Session, proposal_id: UUID, *, actor: Principal, now: datetime) -> RuleProposal:
    """Do what a proposal says: a draft of the rules, or a case about the provider.

    Raises:
        Forbidden: the actor is no analyst.
        NotFound, AlreadyDone: there is none, or it was settled before; the row is gone.
    """
    row = _locked(session, proposal_id, actor)
    if row.kind is ProposalKind.PROVIDER:
        led_to = f"case:{_case(session, row, actor, now)}"
    else:
        led_to = f"rules:{row.jurisdiction}/{_draft(session, row, actor, now)}"
    return _settle(session, row, ProposalStatus.ACCEPTED, actor, now, led_to=led_to)


def _settle(
    session: Session,
    row: RuleProposal,
    status: ProposalStatus,
    actor: Principal,
    now: datetime,
    *,
    reason: str = "",
    led_to: str | None = None,
) -> RuleProposal:
    row.status, row.settled_at, row.settled_by = status, now, actor.id
    row.reason, row.led_to = reason, led_to
    session.flush()
    return row


def _case(session: Session, row: RuleProposal, actor: Principal, now: datetime) -> UUID:
    provider = next(value for name, value in row.condition if name == "provider")
    facts = {name: value for name, value in row.evidence.items() if name != "files"}
    files = tuple(UUID(each) for each in row.evidence["files"])
    facts["condition"] = row.condition
    suspicion = Suspicion(provider_id=provider, origin="segment", facts=facts, files=files)
    return open_case(session, row.jurisdiction, suspicion, actor=actor, now=now).id


def _draft(session: Session, row: RuleProposal, actor: Principal, now: datetime) -> int:
    """Draw a new version from the rules in force, with the row added or left out."""
    code = row.jurisdiction
    today = civil_date(now, code)
    found = store.deciding(store.versions(session, code), today)
    if found is None:
        raise NotFound(f"no rules of {code} are in force", field="proposal")
    data = {**content(session, code, found.version),
            "valid_from": (today + timedelta(days=1)).isoformat()}  # fmt: skip
    if row.kind is ProposalKind.SUSPEND_ROW:
        data = editing.remove(data, "rows", row.subject)
    else:
        data = editing.put(data, "rows", None, row_of(row, today))
    act = Act(code=code, version=0, actor=actor, now=now, note=row.sentence)
    return service.draft(session, act, parent=found.version, data=data)


def row_of(proposal: RuleProposal, today: date) -> dict[str, Any]:
    """Return the row that a proposed segment leads to, as an analyst would write it first."""
    name = hashlib.sha256(proposal.subject.encode()).hexdigest()[:8]
    evidence = proposal.evidence
    example = {feature: _example(feature, value) for feature, value in proposal.condition}
    return {
        "id": f"segment-{name}",
        "when": {feature: _cell(feature, value) for feature, value in proposal.condition},
        "then": {
            "kind": "targeting", "lane": "orange", "level": "local", "mode": "on_file",
            "daily_quota": _DAILY_QUOTA,
        },
        "reason": {"msgid": f"segment_{name}", "fr": _REASON},
        "rationale": (
            f"{evidence['hits']} of {evidence['controls']} random controls of"
            f" {evidence['window_days']} days were wrong, {evidence['lift']:.1f} times the rest"
            f" (p = {evidence['p']:.1e})."
        ),
        "owner": "analyst",
        "expires_on": (today + timedelta(days=_ROW_DAYS)).isoformat(),
        "examples": {"positive": [example], "negative": [_opposite(example, proposal.condition)]},
    }  # fmt: skip


def _cell(feature: str, value: Any) -> dict[str, Any]:
    if feature != "amount":
        return {"in": [value]}
    low, high = value
    return ({"ge": low} if low is not None else {}) | ({"lt": high} if high is not None else {})


def _example(feature: str, value: Any) -> Any:
    if feature == "acts":
        return [value]
    if feature == "amount":
        low, high = value
        return low if low is not None else high - 1
    return value


def _opposite(example: dict[str, Any], condition: Sequence[Any]) -> dict[str, Any]:
    """Return an example that fails by its last cell: the feature is not there."""
    last = condition[-1][0]
    return {name: value for name, value in example.items() if name != last} | {"line_count": 1}
