"""What every origin wishes for a file (souhaits): rows, the random floor, an outside tool."""

from collections.abc import Mapping
from typing import Any

from medcontrol.ports import FileFacts, SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin
from selectivity.compiled import rows_of
from selectivity.draws import bound
from selectivity.sampling import Sampled
from selectivity.sequence import A_POSTERIORI, EXTERNAL, Pick, Route, settle
from selectivity.tables import WHOLE, Row, RowKind, RuleSet, Stratum


class Picks:
    """The picks of one rule set, made once; rows and strata of a file come as bits.

    Attributes:
        mandatory: bits of the mandatory rows.
        targeting: bits of the targeting rows.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.mandatory = _bits(rules, RowKind.MANDATORY)
        self.targeting = _bits(rules, RowKind.TARGETING)
        self._harbour = _bits(rules, RowKind.SAFE_HARBOUR)
        self._rows = [_row_pick(row) for row in rules.rows]
        self._floor = [
            tuple(_random_pick(stratum, is_taken=taken) for taken in (False, True))
            for stratum in rules.floor
        ]
        self._floor_routes = [tuple(settle([pick]) for pick in both) for both in self._floor]
        self._floor_bounds = [bound(stratum.rate) for stratum in rules.floor]

    def plain_route(self, file: FileFacts, found: int, strata: int, number: int) -> Route | None:
        """Return the route of the many files that only the random floor looks at."""
        message = file.message
        if (
            found & ~self._harbour
            or not strata
            or "control" in message
            or message["nature"] == "a_posteriori"
        ):
            return None
        first = (strata & -strata).bit_length() - 1
        return self._floor_routes[first][number < self._floor_bounds[first]]

    def of_file(
        self,
        place: int,
        file: FileFacts,
        found: int,
        strata: int,
        number: int,
        sampled: Mapping[int, Mapping[int, Sampled]],
    ) -> list[Pick]:
        """Return all picks of a file, taken or not.

        Args:
            place: of the file in its batch.
            file: the file.
            found: rows in force that it matches.
            strata: strata of the random floor that it matches; the first one counts.
            number: its random draw.
            sampled: by row, then by place, what rows with a rate or a quota took.
        """
        picks = []
        if file.message["nature"] == "a_posteriori":
            picks.append(_A_POSTERIORI)
        if "control" in file.message:
            picks.append(_external_pick(file.message["control"]))
        picks.extend(self._rows[row] for row in rows_of(found & self.mandatory))
        if found & self.targeting and self.is_targeted(file, found):
            for row in rows_of(found & self.targeting):
                result = sampled[row].get(place) if row in sampled else None
                picks.append(_with(self._rows[row], result))
        if strata and file.message["nature"] != "a_posteriori":
            first = (strata & -strata).bit_length() - 1
            picks.append(self._floor[first][number < self._floor_bounds[first]])
        return picks

    def is_targeted(self, file: FileFacts, found: int) -> bool:
        """Return whether targeting applies: no safe harbour, not come back for later control."""
        return not found & self._harbour and file.message["nature"] != "a_posteriori"


def _bits(rules: RuleSet, kind: RowKind) -> int:
    return sum(1 << n for n, row in enumerate(rules.rows) if row.kind is kind)


_A_POSTERIORI = Pick(
    Origin.MANDATORY,
    Lane.ORANGE,
    ControlLevel.LOCAL,
    ControlMode.ON_FILE,
    reason=A_POSTERIORI,
)


def _row_pick(row: Row) -> Pick:
    origin = Origin.MANDATORY if row.kind is RowKind.MANDATORY else Origin.RULE
    return Pick(origin, row.lane or Lane.GREEN, row.level, row.mode, reason=row.reason)


def _random_pick(stratum: Stratum, *, is_taken: bool) -> Pick:
    return Pick(
        Origin.RANDOM,
        stratum.lane,
        stratum.level,
        probability=stratum.rate / WHOLE,
        is_taken=is_taken,
    )


def _with(pick: Pick, result: Sampled | None) -> Pick:
    if result is None:
        return pick
    return Pick(
        pick.origin,
        pick.lane,
        pick.level,
        pick.mode,
        probability=result.probability,
        is_taken=result.is_taken,
        reason=pick.reason,
    )


def _external_pick(control: Mapping[str, Any]) -> Pick:
    """Return the pick of an outside tool: red in person, orange on file or when it says nothing."""
    mode = ControlMode(control.get("mode", ControlMode.ON_FILE))
    text = control.get("reason")
    return Pick(
        Origin.EXTERNAL,
        Lane.RED if mode is ControlMode.IN_PERSON else Lane.ORANGE,
        ControlLevel(control.get("level", ControlLevel.LOCAL)),
        mode,
        reason=SelectivityReason(EXTERNAL.code, text) if text else EXTERNAL,
        fixes_level="level" in control,
    )
