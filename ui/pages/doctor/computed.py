"""The computed checks beside a step's form: run on what is known, in the reader's language."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlmodel import Session

from medcontrol.legal.dated import DatedValue
from medcontrol.queries.computed_checks import CheckShown, LawRead
from medcontrol.services.medical import MedicalContent
from medcontrol.vocabulary import MedicalRecordKind
from ui.forms import Sent
from ui.pages.doctor.panel import Desk, step_form
from workflows.definition.catalog import Catalog
from workflows.steps.case_checks import Computed, Known, compute


def computed_checks(
    session: Session,
    catalog: Catalog,
    desk: Desk,
    records: tuple[MedicalContent, ...],
    sent: Sent,
    today: date,
) -> tuple[CheckShown, ...]:
    """Return the checks of the open step, on what was received and on what was typed so far."""
    intake: Mapping[str, Any] = {}
    for record in records:
        if record.kind is MedicalRecordKind.INTAKE:
            intake = record.content
    typed, _, _ = step_form(desk, sent).answers(desk.pack.meta.facts)
    known = Known(
        answers=intake.get("form") or {},
        medical=intake.get("medical") or {},
        typed=typed,
        is_medical=desk.opened.is_medical_readable,
        today=today,
    )
    opened = desk.opened
    found = compute(session, catalog, desk.pack, opened.file, opened.received, desk.step, known)
    words = desk.pack.check_words()
    return tuple(_shown(each, words[each.check.name], desk.language) for each in found)


def _shown(computed: Computed, words: Mapping[str, Any], language: str) -> CheckShown:
    verdict = computed.found.verdict
    said = (words.get("says") or {}).get(verdict.value) or {}
    names = words.get("figures") or {}
    return CheckShown(
        name=computed.check.name,
        title=words["title"][language],
        sentence=said.get(language, ""),
        verdict=verdict,
        figures=tuple(
            ((names.get(each.name) or {}).get(language, each.name), each)
            for each in computed.found.figures
        ),
        law=tuple(_law(path, value) for path, value in computed.law),
        source=words.get("source", ""),
    )


def _law(path: str, value: DatedValue[Any]) -> LawRead:
    return LawRead(
        path=path,
        value=str(value.value),
        since=value.since,
        reference=value.reference.title,
        is_default=value.status is not None and value.status.value == "defaut",
    )
