"""Says why a file was chosen, or was not: rows, cells, near misses, draw (motivation)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.errors import NotFound
from selectivity.draws import bound
from selectivity.explain import CellVerdict, RowVerdict, explain_row, near_misses
from selectivity.features import values_of
from selectivity.lifecycle.store import load_version
from selectivity.records.explanation import MASKED, Cell, Draw, ExplainedRow, Explanation
from selectivity.records.stored import Stored
from selectivity.registry import FEATURES, Registry
from selectivity.tables import WHOLE, Row, RuleSet, Stratum, accepts

_CUT = "quota_cut:"


def explain(
    session: Session, keys: KeyRing, stored: Stored, *, with_medical: bool = False,
    registry: Registry = FEATURES,
) -> Explanation:  # fmt: skip
    """Return why a decision is what it is.

    Args:
        session: for reading the rules of the recorded hash.
        keys: features of class medical are read to tell which cells are met; their values are
            in the answer only when asked for.
        stored: the decision.
        with_medical: show values of class medical. The caller has checked the right and logged
            the reading.
        registry: features that rules may name.
    """
    row = stored.decision
    secret = stored.medical_features(keys)
    snapshot = {**row.features, **secret}
    rules = _rules(session, row.rule_set, row.rule_set_hash)
    verdicts = _Verdicts(rules, snapshot, stored.received_on, registry, with_medical)
    near, hidden = verdicts.near(row.matched_rows)
    file = stored.received
    return Explanation(
        reference=stored.reference,
        source=file.source,
        external_id=file.external_id,
        received_on=stored.received_on,
        flow=file.flow,
        nature=file.nature,
        lane=row.lane.value,
        level=row.level.value,
        mode=row.mode.value if row.mode else None,
        origins=tuple(row.origins),
        reasons=tuple(row.reasons),
        rows=verdicts.named(row.matched_rows),
        near_misses=near,
        hidden_near_misses=hidden,
        draw=_draw(stored, rules, snapshot, registry),
        score=row.score,
        contributions=tuple(row.contributions or ()),
        priority=row.priority,
        cutoff=row.cutoff,
        capacity_cell=row.capacity_cell,
        capacity_hash=row.capacity_hash,
        overflow=row.overflow,
        rule_set=row.rule_set,
        rule_set_hash=row.rule_set_hash,
        model=row.model,
        model_hash=row.model_hash,
        arm=_arm(stored.is_challenger),
        experiment=str(stored.experiment_id) if stored.experiment_id else None,
        rules_known=rules is not None,
        has_medical=bool(secret),
        is_medical_shown=with_medical and bool(secret),
        features={
            **{name: value for name, value in row.features.items() if not name.startswith(_CUT)},
            **{name: value if with_medical else MASKED for name, value in secret.items()},
        },
    )


class _Verdicts:
    """Rows of one rule set over one file."""

    def __init__(
        self, rules: RuleSet | None, snapshot: Mapping[str, Any], day: date, registry: Registry,
        with_medical: bool,
    ) -> None:  # fmt: skip
        self._rules, self._snapshot, self._day = rules, snapshot, day
        self._registry, self._with_medical = registry, with_medical

    def named(self, ids: list[str]) -> tuple[ExplainedRow, ...]:
        """Return the named rows that the rules have."""
        if self._rules is None:
            return ()
        known = {row.id for row in self._rules.rows}
        return tuple(
            self._told(explain_row(self._rules, name, self._snapshot, self._day, self._registry))
            for name in ids
            if name in known
        )

    def near(self, matched: list[str]) -> tuple[tuple[ExplainedRow, ...], int]:
        """Return the rows that fail by one cell other than the flow, and how many are hidden."""
        if self._rules is None:
            return (), 0
        found = [
            verdict
            for verdict in near_misses(
                self._rules, self._snapshot, self._day, registry=self._registry
            )
            if verdict.row not in matched and verdict.unmet[0].feature not in ("flow", "nature")
        ]
        shown = [
            verdict
            for verdict in found
            if self._with_medical or not any(cell.is_medical for cell in verdict.cells)
        ]
        return tuple(self._told(verdict) for verdict in shown), len(found) - len(shown)

    def _told(self, verdict: RowVerdict) -> ExplainedRow:
        row = self._row(verdict.row)
        cut = self._snapshot.get(_CUT + row.id)
        return ExplainedRow(
            row=row.id,
            kind=row.kind.value,
            lane=row.lane.value if row.lane else None,
            reason=row.reason.text,
            cells=tuple(self._cell(cell) for cell in verdict.cells),
            is_match=verdict.is_match,
            is_in_force=verdict.is_in_force,
            rate=row.rate,
            daily_quota=row.daily_quota,
            cut=None if cut is None else int(cut, 16) / 2**64,
        )

    def _row(self, row_id: str) -> Row:
        assert self._rules is not None  # noqa: S101 - verdicts come from its rows
        return next(row for row in self._rules.rows if row.id == row_id)

    def _cell(self, cell: CellVerdict) -> Cell:
        is_masked = cell.is_medical and not self._with_medical and cell.value is not None
        return Cell(
            feature=cell.feature,
            unit=self._registry[cell.feature].unit,
            expected=cell.expected,
            value=MASKED if is_masked else cell.value,
            is_met=cell.is_met,
            is_masked=is_masked,
        )


def _rules(session: Session, name: str, sha256: str) -> RuleSet | None:
    code, _, version = name.partition("/")
    try:
        return load_version(session, code, int(version), sha256=sha256)
    except (NotFound, ValueError):
        return None


def _draw(
    stored: Stored, rules: RuleSet | None, snapshot: Mapping[str, Any], registry: Registry
) -> Draw:
    row = stored.decision
    number = int.from_bytes(row.draw, "big")
    stratum = None
    if rules is not None and stored.received.nature != "a_posteriori":
        stratum = next((each for each in rules.floor if _accepts(each, snapshot, registry)), None)
    return Draw(
        u=number / 2**64,
        period=row.draw_period,
        stratum=stratum.id if stratum else None,
        rate=stratum.rate / WHOLE if stratum else None,
        is_drawn=stratum is not None and number < bound(stratum.rate),
        inclusion_probability=row.inclusion_probability,
    )


def _accepts(stratum: Stratum, snapshot: Mapping[str, Any], registry: Registry) -> bool:
    return accepts(stratum, values_of(snapshot, stratum.when, registry))


def _arm(is_challenger: bool | None) -> str | None:
    if is_challenger is None:
        return None
    return "challenger" if is_challenger else "champion"
