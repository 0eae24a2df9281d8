"""What came from beside a flow, for its doctors: frozen basis, reports, outside opinions."""

from collections.abc import Iterable, Iterator
from typing import Any

from medcontrol.queries.file_tabs import BesideNote
from medcontrol.services.medical import MedicalContent
from medcontrol.vocabulary import MedicalRecordKind

_TEXTS = ("reasoning", "opinion", "report", "conclusions")


def beside_notes(records: Iterable[MedicalContent]) -> tuple[BesideNote, ...]:
    """Return the notes among a file's records, the last one first."""
    found = [note for each in records for note in _notes(each)]
    return tuple(sorted(found, key=lambda note: note.at, reverse=True))


def _notes(record: MedicalContent) -> Iterator[BesideNote]:
    content = record.content
    if record.kind is MedicalRecordKind.SNAPSHOT:
        yield BesideNote("snapshot", record.created_at, "", tuple(_frozen(content)))
    elif record.kind is MedicalRecordKind.EXPERT_REPORT and "expertise" in content:
        parts = [("question", str(each)) for each in content.get("questions", ())]
        parts += [("conclusions", content["conclusions"]), ("report", content["report"])]
        if content.get("had_treating_doctor"):
            parts.append(("had_treating_doctor", ""))
        yield BesideNote("expert_report", record.created_at, content["expert"], tuple(parts))
    elif record.kind is MedicalRecordKind.OUTSIDE_OPINION:
        is_answer = "opinion" in content
        name = "opinion" if is_answer else "question"
        kind = "opinion_answer" if is_answer else "opinion_question"
        by = str(content.get("by", ""))
        yield BesideNote(kind, record.created_at, by, ((name, content[name]),))


def _frozen(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a contested decision was taken on: what was sent, what doctors wrote."""
    for record in content.get("records", ()):
        kept = record.get("content") or {}
        summary = (kept.get("medical") or {}).get("summary")
        if summary:
            yield "summary", str(summary)
        for diagnosis in (kept.get("medical") or {}).get("diagnoses", ()):
            yield "diagnosis", str(diagnosis.get("icd10", ""))
        for name in _TEXTS:
            if kept.get(name):
                yield name, str(kept[name])
    for document in content.get("documents", ()):
        yield "document", str(document["title"])
