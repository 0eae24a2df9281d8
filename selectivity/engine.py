"""The selectivity engine (moteur de sélectivité): which files get control, and why."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from medcontrol.errors import InvalidInput
from medcontrol.ports import FileFacts, SelectivityOutcome
from selectivity.capacity.valve import Valve
from selectivity.compiled import CompiledTable, rows_of
from selectivity.draws import RANDOM, Draws, Keys, fraction, identity, period_of
from selectivity.features import (
    History,
    Snapshot,
    add_history,
    administrative,
    columns_of,
    medical,
)
from selectivity.gate import Batch, Gate, Gated, Scorer, with_gate
from selectivity.picks import Picks
from selectivity.probing import with_probe_row
from selectivity.registry import FEATURES, Registry
from selectivity.sampling import Candidate, QuotaUsed, Sampled, is_sampled, sample
from selectivity.sequence import Route, settle
from selectivity.tables import RuleSet

ENGINE_VERSION = "1"
"""Raised whenever the same rules, keys and features would give another outcome."""

_FEW_FILES = 16
"""Up to here the scalar executor is faster than building columns."""

_MOST_NAMES = 10_000

_CUT = "quota_cut:"

FALLBACK = "fallback"
"""Feature of files that mandatory rows alone decided, because the engine did not answer."""


class RuleEngine:
    """Implements ``medcontrol.ports.SelectivityEngine`` with one compiled rule set.

    Pure: no clock, no database, no settings. Same files, keys and counters, same outcomes.

    Args:
        rules: the version in force on the day of reception of the files.
        keys: secret draw keys by period.
        registry: features that the rules may name.
        score: the active model; ``None`` lets rules and draws decide alone.
    """

    def __init__(
        self,
        rules: RuleSet,
        keys: Keys,
        registry: Registry = FEATURES,
        *,
        score: Scorer | None = None,
    ) -> None:
        self.rules = rules = with_probe_row(rules)
        self.score = score
        self._registry = registry
        self._draws = Draws(keys)
        self._table = CompiledTable(rules.rows, registry)
        self._floor = CompiledTable(rules.floor, registry)
        self._picks = Picks(rules)
        self._sampled = sum(1 << n for n, row in enumerate(rules.rows) if is_sampled(row))
        self._active: dict[date, int] = {}
        self._name = rules.name
        self._names: dict[int, tuple[str, ...]] = {}

    def decide(
        self,
        files: Sequence[FileFacts],
        *,
        history: History | None = None,
        quota_used: QuotaUsed | None = None,
        valve: Valve | None = None,
    ) -> list[SelectivityOutcome]:
        """Return one outcome per file; see the port for arguments and errors."""
        for file in files:
            if "appeal" in (file.message["flow"], file.message["nature"]):
                raise InvalidInput("appeals never pass selectivity", field="nature")
        snapshots = [administrative(file) for file in files]
        add_history(snapshots, history or {}, self._registry)
        secrets = [medical(file.message) for file in files]
        return self._route(files, snapshots, secrets, quota_used or {}, valve)

    def decide_mandatory(
        self, files: Sequence[FileFacts], *, history: History | None = None
    ) -> list[SelectivityOutcome]:
        """Return outcomes of mandatory rows and outside requests alone: no rule, draw or score.

        For the time in which the engine that should decide does not answer. The features of
        every file say so (``fallback``), and a replay comes to the same.
        """
        snapshots = [{**administrative(file), FALLBACK: "mandatory"} for file in files]
        add_history(snapshots, history or {}, self._registry)
        secrets = [medical(file.message) for file in files]
        return self._route(files, snapshots, secrets, {})

    def replay(
        self,
        file: FileFacts,
        features: Mapping[str, Any],
        medical_features: Mapping[str, Any],
        *,
        valve: Valve | None = None,
    ) -> SelectivityOutcome:
        """Return the outcome again from the stored features of a decision.

        Features are not worked out anew, and a quota's cut is taken as stored, so the outcome is
        the one that was recorded, whatever came in since. Where capacity was looked at, ``valve``
        is ``capacity.valve.recorded`` of the record; its hash is then not the recorded one.
        """
        return self._route([file], [dict(features)], [dict(medical_features)], {}, valve)[0]

    def match(self, snapshots: Sequence[Mapping[str, Any]]) -> list[int]:
        """Return the rows that each snapshot matches, as bits; draws and expiry do not count."""
        return self._match(self._table, snapshots)

    def strata(self, snapshots: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """Return the stratum of the random floor that each snapshot belongs to."""
        found = self._match(self._floor, snapshots)
        ids = [stratum.id for stratum in self.rules.floor]
        return [ids[(mask & -mask).bit_length() - 1] if mask else None for mask in found]

    def _route(
        self,
        files: Sequence[FileFacts],
        snapshots: Sequence[Snapshot],
        secrets: Sequence[Snapshot],
        quota_used: QuotaUsed,
        valve: Valve | None = None,
    ) -> list[SelectivityOutcome]:
        merged = [{**open_, **secret} for open_, secret in zip(snapshots, secrets, strict=True)]
        cases = [(period_of(file), identity(file.message)) for file in files]
        numbers = self._draws.draw_many(cases, RANDOM)
        hits = self._match(self._table, merged)
        hits = [
            found and found & self._in_force(file) for file, found in zip(files, hits, strict=True)
        ]
        strata = self._match(self._floor, merged)
        for place, snapshot in enumerate(snapshots):
            if FALLBACK in snapshot:
                hits[place] &= self._picks.mandatory
                strata[place] = 0
        sampled = self._sample(files, snapshots, cases, hits, quota_used)
        given = self._given_by_quota(sampled)
        routes = []
        for place, file in enumerate(files):
            route = self._picks.plain_route(file, hits[place], strata[place], numbers[place])
            if route is None:
                picks = self._picks.of_file(
                    place, file, hits[place], strata[place], numbers[place], sampled
                )
                route = settle(picks)
            routes.append(route)
        outcomes = [
            self._outcome(
                routes[place], hits[place], numbers[place], cases[place][0], snapshots[place],
                secrets[place], given.get(place, ()),
            )
            for place in range(len(files))
        ]  # fmt: skip
        if self.score is None and valve is None:
            return outcomes
        batch = Batch(files, merged, hits, numbers, routes, outcomes)
        return self._gated(batch, strata, sampled, valve)

    def _gated(
        self,
        batch: Batch,
        strata: Sequence[int],
        sampled: Mapping[int, Mapping[int, Sampled]],
        valve: Valve | None,
    ) -> list[SelectivityOutcome]:
        """Return the outcomes once score and capacity had their say: step 4."""
        may_score = [
            self._picks.is_targeted(file, hits) and FALLBACK not in features
            for file, hits, features in zip(batch.files, batch.hits, batch.merged, strict=True)
        ]
        rows = [(hits & self._picks.targeting).bit_count() for hits in batch.hits]

        def again(place: int, gated: Gated) -> Route:
            picks = self._picks.of_file(
                place, batch.files[place], batch.hits[place], strata[place], batch.numbers[place],
                sampled,
            )  # fmt: skip
            return settle(with_gate(picks, gated))

        return Gate(self.score, valve).apply(batch, may_score, rows, again)

    def _match(self, table: CompiledTable, snapshots: Sequence[Mapping[str, Any]]) -> list[int]:
        if len(snapshots) <= _FEW_FILES:
            return [table.match_snapshot(snapshot) for snapshot in snapshots]
        columns = columns_of(snapshots, table.columns, self._registry)
        return table.match_masks(columns, len(snapshots))

    def _sample(
        self,
        files: Sequence[FileFacts],
        snapshots: Sequence[Snapshot],
        cases: Sequence[tuple[str, bytes]],
        hits: Sequence[int],
        quota_used: QuotaUsed,
    ) -> dict[int, dict[int, Sampled]]:
        """Return by row, then by place, what the sampled rows took; notes quota cuts."""
        candidates: dict[int, list[Candidate]] = {}
        for place, found in enumerate(hits):
            if not found & self._sampled or not self._picks.is_targeted(files[place], found):
                continue
            for number in rows_of(found & self._sampled):
                cut = snapshots[place].get(_CUT + self.rules.rows[number].id)
                candidates.setdefault(number, []).append(
                    Candidate(
                        place, cases[place], files[place].received_on, cut and int(cut, 16)
                    )
                )  # fmt: skip
        results = {}
        for number, matching in candidates.items():
            row = self.rules.rows[number]
            results[number] = sample(row, matching, self._draws, quota_used)
            if row.daily_quota is not None:
                for place, result in results[number].items():
                    snapshots[place][_CUT + row.id] = f"{result.cut:x}"
        return results

    def _in_force(self, file: FileFacts) -> int:
        day = file.received_on
        if day not in self._active:
            rows = enumerate(self.rules.rows)
            self._active[day] = sum(1 << n for n, row in rows if day <= row.expires_on)
        return self._active[day]

    def _outcome(
        self,
        route: Route,
        found: int,
        number: int,
        period: str,
        features: Snapshot,
        medical_features: Snapshot,
        quota_rows: tuple[str, ...],
    ) -> SelectivityOutcome:
        return SelectivityOutcome(
            lane=route.lane,
            level=route.level,
            mode=route.mode,
            reasons=route.reasons,
            origins=route.origins,
            matched_rows=self._named(found),
            u=fraction(number),
            draw=number.to_bytes(8, "big"),
            period=period,
            inclusion_probability=route.inclusion_probability,
            rule_set=self._name,
            rule_set_hash=self.rules.sha256,
            features=features,
            medical_features=medical_features,
            engine_version=ENGINE_VERSION,
            quota_rows=quota_rows,
        )

    def _named(self, found: int) -> tuple[str, ...]:
        """Return the ids of matched rows; files of a day match the same few sets of them."""
        names = self._names.get(found)
        if names is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            names = self._names[found] = tuple(self.rules.rows[row].id for row in rows_of(found))
        return names

    def _given_by_quota(
        self, sampled: Mapping[int, Mapping[int, Sampled]]
    ) -> dict[int, tuple[str, ...]]:
        """Return by place the rows with a daily quota that took the file."""
        found: dict[int, tuple[str, ...]] = {}
        for number, results in sampled.items():
            row = self.rules.rows[number]
            if row.daily_quota is not None:
                for place, result in results.items():
                    if result.is_taken:
                        found[place] = (*found.get(place, ()), row.id)
        return found
