"""Evidence of a file (dossier de preuve) for who oversees it: who read what, as page, JSON, PDF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.services import evidence
from medcontrol.vocabulary import DecisionOutcome, DocumentClass, LetterStatus, Role
from ui.codes import word_in
from ui.downloads import saved
from ui.formats import Formats
from ui.i18n import babel_locale, translations
from ui.journal_words import read_words
from ui.labels import label_of
from ui.rendering import render
from ui.visitors import Me
from workflows.letters.reports import Section, report_pdf

router = APIRouter(prefix="/files/{reference}")
OVERSEERS = (Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR)
SHOWN = 500  # readings on the page; the exports hold all


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """Somebody read something of the file."""

    at: datetime
    name: str | None
    login: str | None
    what: str
    purpose: str


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """What stands written about a file, and whether it holds.

    ``broken``: the first journal entry that does not; None when all do.
    """

    reference: str
    entries: int
    broken: int | None
    signed_days: int
    reading_total: int
    readings: Sequence[ReadingRow]
    is_auditor_only: bool


@router.get("/evidence")
def show_evidence(request: Request, visitor: Me, reference: str) -> Response:
    """Draw who read what of a file and whether its journal holds."""
    visitor.must_have(*OVERSEERS)
    with read_only() as session:
        file_id = evidence.overseen(session, visitor.principal, reference)
        fund = visitor.site.tools.fund_name
        name = visitor.principal.name
        found = evidence.gather(session, file_id, fund=fund, by=name, now=visitor.now)
    latest = found["readings"][::-1]
    page = EvidencePage(
        reference=found["file"]["reference"],
        entries=len(found["journal"]),
        broken=evidence.broken_entry(found),
        signed_days=len(found["signed_days"]),
        reading_total=len(latest),
        readings=[_reading(each) for each in latest[:SHOWN]],
        is_auditor_only=not visitor.principal.has(Role.SUPERVISOR, Role.COORDINATOR),
    )
    return render(request, "file/evidence.html", page)


def _reading(row: dict[str, Any]) -> ReadingRow:
    at = datetime.fromisoformat(row["at"])
    return ReadingRow(at, row["name"], row["login"], row["what"], row["purpose"])


@router.get("/evidence.json")
def export_json(visitor: Me, reference: str) -> Response:
    """Return the signed evidence for programs and for whoever checks it."""
    visitor.must_have(*OVERSEERS)
    tools = visitor.site.tools
    found = evidence.take_out(visitor.principal, reference, fund=tools.fund_name, now=visitor.now)
    content = evidence.sealed(tools.keys, found)
    return saved(content, f"evidence-{found['file']['reference']}.json", "application/json")


@router.get("/evidence.pdf")
def export_pdf(request: Request, visitor: Me, reference: str) -> Response:
    """Return the evidence on paper, in the language of the screen."""
    visitor.must_have(*OVERSEERS)
    tools = visitor.site.tools
    found = evidence.take_out(visitor.principal, reference, fund=tools.fund_name, now=visitor.now)
    language = request.state.shell.language
    words = _Words(language, visitor.site.jurisdiction)
    number = found["file"]["reference"]
    content = report_pdf(
        words.title(number), words.sections(found), fund=tools.fund_name,
        footer=f"{number} · SHA-256 {evidence.fingerprint(found)}", language=language,
        fonts=tools.fonts,
    )  # fmt: skip
    return saved(content, f"evidence-{number}.pdf", "application/pdf")


class _Words:
    """Evidence in a language: every text that paper shows."""

    def __init__(self, language: str, jurisdiction: str) -> None:
        self.language = language
        self.gettext: Callable[[str], str] = translations(language).gettext
        self.formats = Formats(babel_locale(language), jurisdiction)

    def title(self, number: str) -> str:
        """Heading of the whole."""
        _ = self.gettext
        return _("Evidence of the file") + f" {number}"

    def sections(self, found: dict[str, Any]) -> list[Section]:
        """Return every part, those without rows included."""
        parts = (self._file, self._decisions, self._letters, self._documents, self._journal,
                 self._readings)  # fmt: skip
        return [part(found) for part in parts]

    def _at(self, text: str | None) -> str:
        return self.formats.instant(datetime.fromisoformat(text)) if text else "–"

    def _word(self, kind: str, code: str) -> str:
        return word_in(self.language, kind, code)

    def _file(self, found: dict[str, Any]) -> Section:
        _, file = self.gettext, found["file"]
        broken = evidence.broken_entry(found)
        wrong = _("broken at entry")
        holds = _("every entry holds") if broken is None else f"{wrong} {broken}"
        facts = (
            (_("Type"), self._word("flow", file["flow"])),
            (_("Unit"), file["agency_code"]),
            (_("Opened"), self._at(file["opened_at"])),
            (_("Closed"), self._at(file["closed_at"])),
            (_("Journal"), f"{len(found['journal'])} – {holds}"),
            (_("Signed days that cover it"), str(len(found["signed_days"]))),
            (_("End of the chain"), file["journal_head"]),
            (_("Taken out"), f"{self._at(found['exported_at'])} – {found['exported_by']}"),
            ("SHA-256", evidence.fingerprint(found)),
        )
        note = _("The same content, with every hash and the signature, is in the JSON file.")
        return Section(title=_("File"), facts=facts, note=note)

    def _decisions(self, found: dict[str, Any]) -> Section:
        _ = self.gettext
        rows = tuple(
            (self._at(each["at"]), _(label_of(DecisionOutcome(each["outcome"]))),
             each["by"] or "–", self._at(each["undone_at"]))
            for each in found["decisions"]
        )  # fmt: skip
        heads = (_("When"), _("Decision"), _("Who"), _("Undone"))
        return Section(title=_("Decisions"), heads=heads, widths=(0, 1, 1, 0), rows=rows)

    def _letters(self, found: dict[str, Any]) -> Section:
        _ = self.gettext
        rows = tuple(
            (self._at(each["at"]), each["code"], _(label_of(LetterStatus(each["status"]))),
             self._at(each["sent_at"]), each["sha256"] or "–")
            for each in found["letters"]
        )  # fmt: skip
        heads = (_("Written"), _("Letter"), _("State"), _("Sent"), "SHA-256")
        return Section(
            title=_("Letters"), heads=heads, widths=(0, 1, 0, 0, 1), rows=rows, codes=(1, 4)
        )

    def _documents(self, found: dict[str, Any]) -> Section:
        _ = self.gettext
        rows = tuple(
            (self._at(each["at"]), _(label_of(DocumentClass(each["class"]))),
             self.formats.size(each["size"]), each["sha256"])
            for each in found["documents"]
        )  # fmt: skip
        heads = (_("Added"), _("Who may open it"), _("Size"), "SHA-256")
        return Section(
            title=_("Documents"), heads=heads, widths=(0, 0, 0, 1), rows=rows, codes=(3,)
        )

    def _journal(self, found: dict[str, Any]) -> Section:
        _ = self.gettext
        rows = tuple(
            (str(each["number"]), self._at(each["at"]), self._word("action", each["action"]),
             each["actor_label"], each["hash"][:16])
            for each in found["journal"]
        )  # fmt: skip
        heads = ("#", _("When"), _("What"), _("Who"), _("Hash"))
        return Section(
            title=_("Journal"), heads=heads, widths=(0, 0, 1, 1, 0), rows=rows, codes=(0, 4)
        )

    def _readings(self, found: dict[str, Any]) -> Section:
        _ = self.gettext
        rows = tuple(
            (self._at(each["at"]), each["name"] or "–",
             ", ".join(read_words(each["what"], _)), self._word("purpose", each["purpose"]))
            for each in found["readings"]
        )  # fmt: skip
        heads = (_("When"), _("Who"), _("What was read"), _("Purpose"))
        return Section(title=_("Readings"), heads=heads, widths=(0, 1, 1, 1), rows=rows)
