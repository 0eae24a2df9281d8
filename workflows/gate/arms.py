"""Which engine decides which file while an experiment runs (champion et challenger)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from medcontrol.copying import copy_rows
from medcontrol.crypto import KeyRing
from medcontrol.errors import NotFound
from medcontrol.model import ExperimentFile
from medcontrol.ports import FileFacts, SelectivityEngine
from selectivity.backtest.arms import Running, Split, counter, running, with_share
from selectivity.engine import RuleEngine
from selectivity.lifecycle.store import load_version
from selectivity.tables import WHOLE
from workflows.tools import Tools

_KEPT = 8
_engines: dict[tuple[UUID, bool, str], tuple[KeyRing, RuleEngine]] = {}

Used = Mapping[tuple[str, date], int]


@dataclass(frozen=True, slots=True)
class Part:
    """Files of a day that one engine decides.

    Attributes:
        places: of the files in the chunk.
        experiment: whose arm it is; ``None`` for all files when nothing is tried.
        share: of all files, in ten-thousandths: the arm's part of quotas and of capacity.
    """

    engine: SelectivityEngine
    places: Sequence[int]
    experiment: UUID | None = None
    is_challenger: bool = False
    share: int = WHOLE

    def used(self, used: Used) -> Used:
        """Return what rows took so far in this arm, by the names of its rows."""
        if not self.is_challenger:
            return used
        mark = counter("", is_challenger=True)
        return {
            (row.removesuffix(mark), day): count
            for (row, day), count in used.items()
            if row.endswith(mark)
        }

    def counted(self, row: str) -> str:
        """Return the name under which this arm counts a row's quota."""
        return counter(row, is_challenger=self.is_challenger)


def parts(
    session: Session,
    tools: Tools,
    jurisdiction: str,
    day: date,
    places: Sequence[int],
    facts: Sequence[FileFacts],
) -> list[Part]:
    """Return who decides which files of a day: one engine, or the two arms of an experiment.

    An experiment whose champion is no longer in force decides nothing, nor one whose challenger
    can't be found, nor any while an engine elsewhere decides.
    """
    engine = tools.selectivity(jurisdiction, day, session)
    trial = running(session, jurisdiction)
    if trial is None or not isinstance(engine, RuleEngine):
        return [Part(engine, places)]
    if engine.rules.sha256 != trial.champion_sha256:
        return [Part(engine, places)]
    try:
        arms = [_arm(session, tools.keys, engine, trial, is_challenger=side)
                for side in (False, True)]  # fmt: skip
    except NotFound:
        return [Part(engine, places)]
    split = Split(trial, tools.keys)
    sides: tuple[list[int], list[int]] = ([], [])
    for place in places:
        sides[split.is_challenger(facts[place].message)].append(place)
    shares = (WHOLE - trial.challenger_share, trial.challenger_share)
    return [
        Part(arms[side], sides[side], trial.id, bool(side), shares[side])
        for side in (0, 1)
        if sides[side]
    ]


def record(session: Session, parts: Sequence[Part], ids: Sequence[UUID]) -> None:
    """Keep which arm decided each file."""
    rows = [
        {"received_file_id": ids[place], "experiment_id": part.experiment,
         "is_challenger": part.is_challenger}
        for part in parts
        if part.experiment is not None
        for place in part.places
    ]  # fmt: skip
    if rows:
        copy_rows(session, ExperimentFile, rows)


def _arm(
    session: Session, keys: KeyRing, champion: RuleEngine, trial: Running, *, is_challenger: bool
) -> RuleEngine:
    """Return the engine of an arm, with the champion's score and its share of every quota.

    Raises:
        NotFound: the challenger's rules are not those that were agreed.
    """
    score = champion.score
    place = (trial.id, is_challenger, score.sha256 if score else "")
    known = _engines.get(place)
    if known is not None and known[0] is keys:
        return known[1]
    rules, share = champion.rules, WHOLE - trial.challenger_share
    if is_challenger:
        code, _, number = trial.challenger.partition("/")
        rules = load_version(session, code, int(number), sha256=trial.challenger_sha256)
        share = trial.challenger_share
    made = RuleEngine(
        with_share(rules, share), lambda period: keys.derive(f"draw:{period}"), score=score
    )
    if len(_engines) >= _KEPT:
        _engines.clear()
    _engines[place] = (keys, made)
    return made
