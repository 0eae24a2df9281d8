"""From a posted form to the command that ends a step, and from a refusal to the field it means."""

import re
from uuid import UUID

from starlette.datastructures import FormData

from medcontrol.errors import DomainError
from medcontrol.queries.file_page import LineDraft, OpinionDraft
from medcontrol.queries.file_tabs import RequestLine
from medcontrol.vocabulary import ASKS_FOR_PIECES, CompletionKind, DecisionOutcome, LineOutcome
from ui.amounts import cents_of
from ui.forms import as_day, as_uuid, member_of, text_of, texts_of, whole_of
from ui.pages.doctor.panel import Desk, draft_of, step_form
from ui.pages.doctor.step_form import Errors
from workflows.commands import CompleteStep, LineVerdict, PieceAsked
from workflows.definition.steps import Outcome

_QUANTITY = re.compile(r"[0-9]{1,6}([.,][0-9]{1,3})?", re.ASCII)


def version_of(form: FormData) -> int:
    """Return the version that the page was drawn from; 0, which no file has, when not said."""
    return whole_of(form, "expected_version") or 0


def task_of(form: FormData, desk: Desk) -> UUID:
    """Return the task that the form was about; the file's open one when it does not say."""
    assert desk.opened.task is not None  # noqa: S101 - the caller looked
    return as_uuid(text_of(form, "task", 40)) or desk.opened.task.id


def opinion_command(
    form: FormData, desk: Desk, lines: tuple[RequestLine, ...]
) -> tuple[CompleteStep, Errors]:
    """Return the decision that was typed, and what is wrong with it before anybody is asked."""
    errors: Errors = []
    draft = draft_of(form, lines)
    outcome = desk.outcomes().get(draft.outcome)
    if outcome is None:
        errors.append(("outcome", "outcome_required"))
    verdicts: tuple[LineVerdict, ...] = ()
    if outcome is not None and desk.lines_count(outcome):
        given = _filled(draft, outcome)
        verdicts = tuple(
            _verdict(one, asked, errors) for one, asked in zip(given, lines, strict=True)
        )
    if outcome and outcome.needs_motive and not draft.motive and not _by_line(verdicts):
        errors.append(("motive", "motive_required"))
    for name in ("valid_from", "valid_to"):
        if getattr(draft, name) and as_day(getattr(draft, name)) is None:
            errors.append((name, "date_invalid"))
    answers, facts, wrong = step_form(desk, form).answers(desk.pack.meta.facts)
    errors += wrong
    return (
        CompleteStep(
            task_id=task_of(form, desk),
            expected_version=version_of(form),
            outcome=draft.outcome,
            lines=verdicts,
            motive_code=draft.motive or None if outcome and outcome.needs_motive else None,
            reasoning=draft.reasoning,
            valid_from=as_day(draft.valid_from),
            valid_to=as_day(draft.valid_to),
            is_for_life=bool(answers.get("lifetime")),
            gives=facts,
            form=answers,
        ),
        errors,
    )


def _by_line(verdicts: tuple[LineVerdict, ...]) -> bool:
    return any(each.motive_code for each in verdicts)


def _filled(draft: OpinionDraft, outcome: Outcome) -> tuple[LineDraft, ...]:
    """Return the lines; a whole decision on lines nobody touched is the same for each of them."""
    if any(line.outcome for line in draft.lines):
        return draft.lines
    if outcome.decides is DecisionOutcome.GRANTED:
        return tuple(LineDraft(no=n.no, outcome=LineOutcome.ACCEPTED) for n in draft.lines)
    if outcome.decides is DecisionOutcome.REFUSED_MEDICAL and draft.motive:
        return tuple(
            LineDraft(no=n.no, outcome=LineOutcome.REFUSED, motive=draft.motive)
            for n in draft.lines
        )
    return draft.lines


def _verdict(line: LineDraft, asked: RequestLine, errors: Errors) -> LineVerdict:
    name = f"line-{line.no}"
    if line.outcome is None:
        errors.append((name, "line_outcome_required"))
        return LineVerdict(line_no=line.no, outcome=LineOutcome.ACCEPTED)
    if line.outcome is LineOutcome.ACCEPTED:
        return LineVerdict(line_no=line.no, outcome=line.outcome)
    if not line.motive:
        errors.append((f"{name}-motive", "motive_required"))
    if line.outcome is LineOutcome.REFUSED:
        return LineVerdict(line_no=line.no, outcome=line.outcome, motive_code=line.motive or None)
    quantity = line.quantity.replace(",", ".")
    if quantity and not _QUANTITY.fullmatch(quantity):
        errors.append((f"{name}-quantity", "quantity_invalid"))
    amount = cents_of(line.amount)
    if line.amount and (amount is None or amount > asked.amount_cents):
        errors.append((f"{name}-amount", "amount_invalid"))
    if not line.quantity and not line.amount:
        errors.append((f"{name}-amount", "modified_how"))
    return LineVerdict(
        line_no=line.no,
        outcome=line.outcome,
        motive_code=line.motive or None,
        quantity=quantity or None,
        amount_cents=amount,
    )


def completion_command(form: FormData, desk: Desk) -> tuple[CompleteStep, Errors]:
    """Return the request for pieces that was typed; the note goes with the last piece."""
    code = next((code for code in ASKS_FOR_PIECES if code in desk.outcomes()), ASKS_FOR_PIECES[0])
    kind = member_of(form, "kind", CompletionKind) or CompletionKind.INCOMPLETE
    kinds, note = texts_of(form, "piece", 40)[:50], text_of(form, "note", 500)
    errors: Errors = []
    if not kinds:
        errors.append(("piece", "pieces_required"))
    if "other" in kinds and not note:
        errors.append(("completion-note", "other_piece_required"))
    pieces = tuple(PieceAsked(kind=each, note=note if each == kinds[-1] else "") for each in kinds)
    gives = {"completion_kind": kind.value} if "completion_kind" in desk.rule.gives else {}
    command = CompleteStep(
        task_id=task_of(form, desk),
        expected_version=version_of(form),
        outcome=code,
        pieces=pieces,
        gives=gives,
        reasoning=text_of(form, "reasoning"),
    )
    return command, errors


def escalation_command(form: FormData, desk: Desk) -> tuple[CompleteStep, Errors]:
    """Return the question to a colleague that was typed."""
    question = text_of(form, "reasoning", 20_000)
    errors: Errors = [] if question else [("escalate-question", "reasoning_required")]
    command = CompleteStep(
        task_id=task_of(form, desk),
        expected_version=version_of(form),
        outcome=text_of(form, "outcome", 64),
        reasoning=question,
    )
    return command, errors


# A command's words for a field, and those of the page.
_FIELDS = (
    (re.compile(r"motive_code"), "motive", "motive_wrong"),
    (re.compile(r"lines\.(\d+)\.motive_code"), r"line-\1-motive", "motive_wrong"),
    (re.compile(r"lines\.(\d+)\.amount"), r"line-\1-amount", "modified_how"),
    (re.compile(r"lines"), "panel-lines", "line_outcome_required"),
    (re.compile(r"outcome"), "outcome", "outcome_contradicts"),
    (re.compile(r"pieces"), "piece", "pieces_required"),
    (re.compile(r"until"), "hold-until", "hold_too_long"),
    (re.compile(r"reason"), "hold-reason", "reason_required"),
    (re.compile(r"text"), "message-text", "message_length"),
    (re.compile(r"form\.([a-z0-9_]+).*"), r"form-\1", ""),
    (re.compile(r"valid_from|valid_to"), r"\g<0>", ""),
)


def errors_of(error: DomainError) -> Errors:
    """Return where on the page a refusal belongs, and its words."""
    for pattern, name, code in _FIELDS:
        found = pattern.fullmatch(error.field or "")
        if found:
            return [(found.expand(name), code or error.code)]
    return [("decide", error.code)]
