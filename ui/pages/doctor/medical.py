"""Medical content as received, made readable: codes with titles where a list has them."""

from collections.abc import Iterable, Mapping
from typing import Any

from medcontrol.queries.file_tabs import Diagnosis, MedicalSummary
from medcontrol.reference.pathologies import Pathology, pathologies
from medcontrol.services.medical import MedicalContent
from medcontrol.vocabulary import MedicalRecordKind
from ui.codes import word_for
from ui.i18n import translations
from workflows.definition.catalog import Pack


def medical_summary(
    records: Iterable[MedicalContent], pack: Pack, language: str
) -> MedicalSummary | None:
    """Return what the sender said; None when nothing medical came, or nothing was read."""
    jurisdiction = pack.meta.jurisdiction
    received = [each for each in records if each.kind is MedicalRecordKind.INTAKE]
    if not received:
        return None
    # What an appeal gives as its reasons comes beside what opened its file.
    intake = next((each for each in received if each.content.get("medical")), received[0])
    medical: Mapping[str, Any] = intake.content.get("medical") or {}
    listed = pathologies(jurisdiction) if jurisdiction == "ma" else {}
    named = listed.get(str(medical.get("pathology")))
    titles = _titles(pack, language)
    return MedicalSummary(
        diagnoses=tuple(
            Diagnosis(
                code=each["icd10"],
                title=_title(each["icd10"], listed.values(), language),
                is_main=bool(each.get("main")),
            )
            for each in medical.get("diagnoses", [])
        ),
        summary=medical.get("summary"),
        pathology=f"{named.number}. {named.label(language)}" if named else medical.get("pathology"),
        answers=tuple(
            (titles.get(name) or _word(language, name), value)
            for name, value in _flat(intake.content.get("form") or {})
        ),
    )


def _word(language: str, name: str) -> str:
    """Return what we call a question that senders often answer; its own name when we do not."""
    known = word_for("answer", name)
    return translations(language).gettext(known) if known else name


def _titles(pack: Pack, language: str) -> dict[str, str]:
    """Return what the pack's own forms call the questions that a sender's form may answer too."""
    displays = (pack.form(step)[1] for step in pack.meta.steps)
    return {f["name"]: f["label"][language] for display in displays for f in display["fields"]}


def _title(code: str, listed: Iterable[Pathology], language: str) -> str | None:
    """Return the long-term illness that a code belongs to, as the official list words it."""
    found = next((p for p in listed if any(_covers(part, code) for part in p.icd10)), None)
    return found.label(language) if found else None


def _covers(part: str, code: str) -> bool:
    """Return whether ``I60-I64`` or ``E11`` covers a code such as ``I63.2``."""
    first, _, last = part.partition("-")
    return first <= code[: len(first)] <= (last or first)


def _flat(answers: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Yield the answers of the sender's form as pairs, groups by their path."""
    for name, value in answers.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{name}", str(value)
