"""What forms beside the flows share: reading them, and showing what is wrong at its field."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile

from medcontrol.clock import ZONES
from medcontrol.errors import DomainError, Kind, StepNotOpen
from medcontrol.model import HumanTask
from medcontrol.vocabulary import DocumentClass
from ui.forms import Errors, day_of, files_of, hour_of, text_of, whole_of
from ui.visitors import Visitor
from workflows.commands import CompleteStep, NewDocument, complete_step

_MOST = 20
_OWN = frozenset({
    "members", "hearing_at", "late_accepted", "standing", "questions", "expert", "whom",
    "due_on", "report", "filed_on", "reasons",
})  # fmt: skip


class Typed(dict[str, str]):
    """What was typed by field; templates may ask for a field that was not sent: empty."""

    def __missing__(self, _name: str) -> str:
        """Return nothing."""
        return ""


def typed_of(form: FormData) -> Typed:
    """Return every text field as it was typed."""
    return Typed(
        (name, text_of(form, name, 60_000))
        for name, value in form.items()
        if not isinstance(value, UploadFile)
    )


def errors_of(error: DomainError) -> Errors:
    """Return a refusal at the field it is about; what is no fault of the form goes on up.

    Raises:
        DomainError: nothing that the form could put right.
    """
    if error.kind not in (Kind.INVALID, Kind.CONFLICT):
        raise error
    name = (error.field or "outcome").removeprefix("form.").removeprefix("opinion.")
    if name == "motive_code":
        return Errors({name: "motive_required"})
    if name == "conclusions":
        return Errors({name: "report"})
    return Errors({name: name if name in _OWN else error.code})


def version_of(form: FormData) -> int:
    """Return the version that the page was drawn from.

    Raises:
        StepNotOpen: the form does not say it.
    """
    version = whole_of(form, "version")
    if version is None:
        raise StepNotOpen("the form does not say which version it was drawn from")
    return version


def end_step(
    session: Session, visitor: Visitor, task: HumanTask | None, command: Mapping[str, object]
) -> None:
    """End a file's open step as the visitor.

    Raises:
        StepNotOpen: no step is open.
    """
    if task is None:
        raise StepNotOpen("no step is open")
    values: dict[str, object] = {"task_id": task.id, **command}
    complete_step(
        session, visitor.site.tools, CompleteStep(**values),  # type: ignore[arg-type]
        principal=visitor.principal, now=visitor.now,
    )  # fmt: skip


def instant_of(form: FormData, visitor: Visitor) -> str:
    """Return day and hour of a form as an instant with offset; empty when there is none."""
    day, hour = day_of(form, "day"), hour_of(form, "hour")
    if day is None or hour is None:
        return ""
    return datetime.combine(day, hour, ZONES[visitor.site.jurisdiction]).isoformat()


def documents_in(form: FormData, name: str, kind: str) -> list[NewDocument]:
    """Return the files that a form brought, as medical documents."""
    return [
        NewDocument(
            kind=kind, title=(each.filename or kind)[:200], content=each.file.read(),
            document_class=DocumentClass.MEDICAL,
        )
        for each in files_of(form, name)[:_MOST]
    ]  # fmt: skip
