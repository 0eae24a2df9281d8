"""The end of an appeal (issue du recours): its own decision, and the one that it corrects."""

from dataclasses import replace
from typing import Any

from sqlmodel import col, select

from medcontrol.clock import civil_date
from medcontrol.model import Appeal, ControlFile, Decision, LineOpinion
from medcontrol.vocabulary import DecisionOutcome, LineOutcome
from workflows.effects import decisions, letters, outcomes, rights
from workflows.engine.paths import OperationCall
from workflows.steps.command import LineVerdict
from workflows.steps.moving import Move, begin, save
from workflows.steps.proposals import Proposal

_GRANTS = (DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED)
_LETTERS = {
    DecisionOutcome.GRANTED: "grant",
    DecisionOutcome.PARTIALLY_GRANTED: "partial_grant",
}


def close(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    """Close the appeal; overturned, wholly or in part, the contested decision is corrected.

    Until then the contested decision stays in force. An appeal's end can't be undone: it
    reaches into another file.
    """
    outcome = DecisionOutcome(arguments["outcome"])
    move.occasion.extra.pop("before", None)
    decisions.close(move, call, {"outcome": outcome})
    move.session.flush()
    appeal = move.session.get_one(Appeal, move.file.id, with_for_update=True)
    appeal.outcome, appeal.decided_at = outcome.value, move.now
    if outcome in (DecisionOutcome.OVERTURNED, DecisionOutcome.PARTLY_OVERTURNED):
        appeal.correction_id = _correct(move, appeal, outcome)
        move.tell("decision.corrected", decision=str(appeal.correction_id))
    move.session.add(appeal)


def corrected(
    contested: DecisionOutcome, outcome: DecisionOutcome, medical: str | None
) -> DecisionOutcome:
    """Return what becomes of a contested decision.

    An administrative refusal that falls says nothing medical yet: the request is taken up again
    (``withdrawn`` ends the refusal) unless the appeal examined it too.

    >>> corrected(DecisionOutcome.REFUSED_MEDICAL, DecisionOutcome.OVERTURNED, "overturned").value
    'granted'
    >>> corrected(DecisionOutcome.REFUSED_ADMINISTRATIVE, DecisionOutcome.OVERTURNED, None).value
    'withdrawn'
    """
    if contested is DecisionOutcome.REFUSED_ADMINISTRATIVE and medical in (None, "maintained"):
        return DecisionOutcome.WITHDRAWN
    if outcome is DecisionOutcome.OVERTURNED:
        return DecisionOutcome.GRANTED
    return DecisionOutcome.PARTIALLY_GRANTED


def _correct(move: Move, appeal: Appeal, outcome: DecisionOutcome) -> Any:
    """Write the decision that corrects the contested one, and what follows from it."""
    session = move.session
    move.rows.write(session)  # the opinions of the appeal stand before what rests on them
    contested = session.get_one(Decision, appeal.contested_decision_id)
    file = begin(session, move.tools, appeal.contested_file_id, actor=move.actor, now=move.now)
    new = corrected(contested.outcome, outcome, appeal.medical_part)
    file.proposal = _proposal(move, file, contested, new)
    file.occasion.decision = decisions.letter_part(file, new)
    file.occasion.extra["evidence"] = {
        "corrects": str(contested.id), "appeal": str(move.file.id)
    }  # fmt: skip
    today = civil_date(move.now, file.file.jurisdiction)
    outcomes.overturn(session, move.tools.keys, file.file.id, on=today)
    if new in _GRANTS:
        _grant(file)
    decisions.close(file, OperationCall("appeal", "close", {}), {"outcome": new})
    _write(file, new)
    file.file.version += 1
    file.tell("decision.corrected", decision=str(file.occasion.extra["decision_id"]))
    save(file)
    if new is DecisionOutcome.WITHDRAWN:
        _take_up(move, file.file)
    return file.occasion.extra["decision_id"]


def _proposal(move: Move, file: Move, contested: Decision, new: DecisionOutcome) -> Proposal | None:
    """Return what the corrected decision proposes: the appeal's opinion over the contested one."""
    given, before = move.proposal_of(), file.proposal_of()
    base = given or before
    if base is None:
        return None
    name = next((n for n, o in file.pack.meta.outcomes.items() if o.decides is new), base.outcome)
    lines = _lines(move, file, contested, new, given)
    codes = [each.right_code for each in (given, before) if each is not None]
    code = next(filter(None, codes), None)
    return replace(base, outcome=name, right_code=code, lines=lines)


def _lines(
    move: Move, file: Move, contested: Decision, new: DecisionOutcome, given: Proposal | None
) -> tuple[LineVerdict, ...]:
    """Return the lines: all accepted, or as the appeal says, or as they were decided."""
    asked = [line["no"] for line in file.received["details"].get("lines") or ()]
    if new is DecisionOutcome.GRANTED:
        return tuple(LineVerdict(line_no=no, outcome=LineOutcome.ACCEPTED) for no in asked)
    if given is not None and given.lines:
        return given.lines
    rows = move.session.exec(
        select(LineOpinion)
        .where(LineOpinion.opinion_id == contested.opinion_id)
        .order_by(col(LineOpinion.line_no))
    )
    return tuple(
        LineVerdict(
            line_no=row.line_no, outcome=row.outcome, motive_code=row.motive_code,
            quantity=row.quantity, amount_cents=row.amount_cents,
        )
        for row in rows
    )  # fmt: skip


def _grant(file: Move) -> None:
    """Open the right that the flow grants, or open again the one that the refusal had ended."""
    calls = [c for c in file.pack.meta.operations.values() if c.call == "grant_entitlement"]
    if not calls or file.pack.meta.entitlement is None:
        return
    arguments = {
        name: value for name, value in calls[0].arguments.items() if isinstance(value, str)
    }
    rights.grant(file, OperationCall("appeal", "grant_entitlement", arguments), arguments)


def _write(file: Move, new: DecisionOutcome) -> None:
    code = _LETTERS.get(new, "")
    if code in file.pack.meta.letters:
        letters.send_letter(file, OperationCall("appeal", "send_letter", {}), {"letter": code})


def _take_up(move: Move, contested: ControlFile) -> None:
    """Open the request again under its own flow, before other eyes."""
    from workflows.linked.files import NewLinked, open_linked

    new = NewLinked(
        flow=contested.flow, nature=contested.nature, level=contested.level, form={},
        is_urgent=contested.is_urgent, mode=contested.mode,
    )  # fmt: skip
    open_linked(move.session, move.tools, contested, new, now=move.now)
