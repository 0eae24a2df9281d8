"""Rules tried on a file or on typed values (banc d'essai), cell by cell, and versions compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from selectivity.cells import Cell
from selectivity.checks import bad_value
from selectivity.explain import CellVerdict, cell_verdicts
from selectivity.lifecycle import rows as version_rows
from selectivity.lifecycle import store, trying
from selectivity.lifecycle.diff import Difference, differences
from selectivity.lifecycle.editing import items
from selectivity.lifecycle.store import Version
from selectivity.reading import read_row
from selectivity.registry import FEATURES
from selectivity.tables import Row
from ui.forms import text_of, whole_of
from ui.pages.selectivity.row_forms import examples_sent
from ui.pages.selectivity.versions import open_code, refusal_status
from ui.rendering import render
from ui.rule_sentences import RuleSentences
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/selectivity/rules/{code}/{version:int}")


@dataclass(frozen=True, slots=True)
class TriedCell:
    """One condition and what the file has; the value is ``None`` where it is medical."""

    condition: str
    value: str | None
    is_met: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a row on a file; ``refusal`` when it could not be tried."""

    name: str
    row_id: str = ""
    sentence: str = ""
    cells: Sequence[TriedCell] = ()
    is_match: bool = False
    is_over: bool = False
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPage:
    """Every row of a version tried on one file: those that match, those that nearly do."""

    version: Version
    bench: str
    matched: Sequence[Tried]
    near: Sequence[Tried]
    lane: str | None
    decided_by: str
    refusal: str | None

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffPage:
    """What changed from one version to another."""

    version: Version
    other: Version
    others: Sequence[Version]
    differences: Sequence[Difference]
    sentences: Mapping[tuple[str, str], tuple[str | None, str | None]]

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "rules"


@dataclass(frozen=True, slots=True)
class _Found:
    """What is tried: features, and the day."""

    snapshot: Mapping[str, Any]
    day: date
    lane: str | None = None
    rule_set: str = ""
    is_file: bool = False


def try_row(
    visitor: Visitor,
    words: RuleSentences,
    row: Mapping[str, Any],
    lists: Any,
    bench: str,
    *,
    with_medical: bool,
    is_stratum: bool = False,
) -> Tried:
    """Return what a row as typed says of a file; medical features are read only when asked to."""
    when = row.get("when")
    names = when if isinstance(when, dict) else {}
    is_medical = any(FEATURES[name].is_medical for name in names if name in FEATURES)
    if is_medical and not with_medical and not _is_values(bench):
        return Tried(bench, refusal="press_try")
    try:
        found = _find(visitor, bench, with_medical=is_medical)
    except DomainError as refusal:
        return Tried(bench, refusal=refusal.code)
    if found is None:
        return Tried(bench, refusal="bad_example")
    return _tried(words, row, lists, found, bench, is_stratum=is_stratum)


@router.get("/try")
def try_all(request: Request, visitor: Me, code: str, version: int) -> Response:
    """Draw what every row of a version says of a file."""
    code = open_code(visitor, code)
    bench = text_of(request.query_params, "file", 4_000)
    with read_only() as session:
        listed = store.version(session, code, version)
        data = version_rows.content(session, code, version)
    found, refusal, status = None, None, 200
    if bench:
        try:
            found = _find(visitor, bench, with_medical=True)
            refusal, status = (None, 200) if found else ("bad_example", 422)
        except DomainError as error:
            refusal = error.code
            status = refusal_status(error)
    words = RuleSentences(request.state.shell.language, code)
    lists = data.get("lists")
    tried = (
        [_tried(words, row, lists, found, bench) for row in items(data, "rows")] if found else []
    )
    page = BenchPage(
        version=listed,
        bench=bench,
        matched=[each for each in tried if each.is_match],
        near=[each for each in tried if sum(not cell.is_met for cell in each.cells) == 1],
        lane=found.lane if found else None,
        decided_by=found.rule_set if found else "",
        refusal=refusal,
    )
    return render(request, "selectivity/try.html", page, status_code=status)


@router.get("/diff")
def show_diff(request: Request, visitor: Me, code: str, version: int) -> Response:
    """Draw what changed from another version; from the one it was drawn from by default."""
    code = open_code(visitor, code)
    asked = whole_of(request.query_params, "with")
    with read_only() as session:
        known = store.versions(session, code)
        this = store.version(session, code, version)
        before = next((each.version for each in known if each.version < version), version)
        number = this.parent or before if asked is None else asked
        other = store.version(session, code, number)
        old = version_rows.content(session, code, number)
        new = version_rows.content(session, code, version)
    words = RuleSentences(request.state.shell.language, code)
    found = differences(old, new)
    page = DiffPage(
        version=this,
        other=other,
        others=[each for each in known if each.version != version],
        differences=found,
        sentences={(each.part, each.id): _both(words, each, old, new) for each in found},
    )
    return render(request, "selectivity/diff.html", page)


def _both(
    words: RuleSentences, change: Difference, old: Any, new: Any
) -> tuple[str | None, str | None]:
    """Return the sentences before and after; none for lists."""
    if change.part == "lists" or not change.id:
        return None, None
    say = words.row if change.part == "rows" else words.stratum
    return (
        say(change.before, old.get("lists")) if change.before else None,
        say(change.after, new.get("lists")) if change.after else None,
    )


def _is_values(bench: str) -> bool:
    return ":" in bench


def _find(visitor: Visitor, bench: str, *, with_medical: bool) -> _Found | None:
    """Return the features of a file, or those typed in; ``None`` when what is typed is wrong."""
    if _is_values(bench):
        examples = examples_sent(bench)
        values = examples[0] if examples else {}
        return None if bad_value(values, FEATURES) else _Found(values, visitor.today)
    with transaction() as session:  # reading medical features is logged
        file = trying.find(
            session, visitor.principal, visitor.site.tools.keys, bench,
            now=visitor.now, with_medical=with_medical,
        )  # fmt: skip
    return _Found(file.snapshot, file.received_on, file.lane, file.rule_set, is_file=True)


def _tried(
    words: RuleSentences,
    row: Mapping[str, Any],
    lists: Any,
    found: _Found,
    bench: str,
    *,
    is_stratum: bool = False,
) -> Tried:
    parsed, faults = read_row(row, lists, is_stratum=is_stratum)
    when = row.get("when")
    raw = when if isinstance(when, dict) else {}
    cells = [
        _cell(words, verdict, raw, lists, is_file=found.is_file)
        for verdict in cell_verdicts(_ordered(parsed.when), found.snapshot)
    ]
    broken = [each for each in faults if each.column in raw]
    cells += [TriedCell(words.conditions({each.column: raw[each.column]}, lists)[0], "", False)
              for each in broken]  # fmt: skip
    is_over = isinstance(parsed, Row) and found.day > parsed.expires_on
    return Tried(
        bench,
        row_id=parsed.id,
        sentence=words.stratum(row, lists) if is_stratum else words.row(row, lists),
        cells=cells,
        is_match=all(cell.is_met for cell in cells) and not is_over,
        is_over=is_over,
    )


def _cell(
    words: RuleSentences,
    verdict: CellVerdict,
    raw: Mapping[str, Any],
    lists: Any,
    *,
    is_file: bool,
) -> TriedCell:
    condition = words.conditions({verdict.feature: raw[verdict.feature]}, lists)[0]
    value = None if verdict.is_medical and is_file else words.value(verdict.feature, verdict.value)
    return TriedCell(condition, value, verdict.is_met)


def _ordered(when: Mapping[str, Cell]) -> dict[str, Cell]:
    return {name: when[name] for name in FEATURES if name in when}
