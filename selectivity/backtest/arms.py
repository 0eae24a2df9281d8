"""Champion and challenger: which arm decides a file, by a keyed split (bras d'un essai).

The split is drawn on the provider or on the beneficiary, so that all their files stay in one arm,
under a key of the experiment's own: nobody can tell the arms apart beforehand, and no other draw
has to do with it. A file without the provider that is drawn on falls back to its beneficiary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.model import Experiment
from medcontrol.vocabulary import ExperimentStatus, SplitKey
from selectivity.draws import SEPARATOR, Draws, bound
from selectivity.tables import WHOLE, RuleSet

Table: Any = Experiment

_PURPOSE = "experiment_arm"
_QUOTA_MARK = "~2"


@dataclass(frozen=True, slots=True)
class Running:
    """The experiment that runs in a jurisdiction, as far as the gate needs it."""

    id: UUID
    champion: str
    champion_sha256: str
    challenger: str
    challenger_sha256: str
    split_by: SplitKey
    challenger_share: int


def running(session: Session, jurisdiction: str) -> Running | None:
    """Return the experiment that runs, if one does. One small statement, asked every chunk."""
    columns = [getattr(Table, name) for name in Running.__dataclass_fields__]
    row = session.execute(
        sa.select(*columns).where(
            Table.jurisdiction == jurisdiction, Table.status == ExperimentStatus.RUNNING
        )
    ).first()
    return None if row is None else Running(*row)


class Split:
    """Tells the arm of each file of one experiment."""

    def __init__(self, experiment: Running, keys: KeyRing) -> None:
        self._by = experiment.split_by
        self._period = str(experiment.id)
        self._draws = Draws(lambda period: keys.derive(f"experiment:{period}"))
        self._limit = bound(experiment.challenger_share)

    def is_challenger(self, message: Mapping[str, Any]) -> bool:
        """Return whether the challenger decides a file."""
        return self._draws.draw(self._period, _PURPOSE, unit_of(message, self._by)) < self._limit


def unit_of(message: Mapping[str, Any], split_by: SplitKey) -> bytes:
    """Return whose files stay together: the provider, or the beneficiary."""
    provider = message.get("provider")
    if split_by is SplitKey.PROVIDER and provider and provider.get("id"):
        return f"provider{SEPARATOR}{provider['id'].upper()}".encode()
    other = message.get("beneficiary")
    who = f"{other['relation']}/{other['birth_date']}" if other else ""
    number = message["insured"]["registration_number"]
    return f"beneficiary{SEPARATOR}{number}{SEPARATOR}{who}".upper().encode()


def with_share(rules: RuleSet, share: int) -> RuleSet:
    """Return rules whose daily quotas are those of an arm: the same for every file of either arm.

    A quota of 100 gives 80 to an arm of 80 % and 20 to one of 20 %; name and hash stay, because
    a quota's cut is recorded with each decision and a replay needs no quota.

    Args:
        rules: of the arm.
        share: of the files that the arm decides, in ten-thousandths.
    """
    rows = tuple(
        row
        if row.daily_quota is None
        else replace(row, daily_quota=(row.daily_quota * share + WHOLE // 2) // WHOLE)
        for row in rules.rows
    )
    return replace(rules, rows=rows)


def counter(row: str, *, is_challenger: bool) -> str:
    """Return the name under which an arm counts what a row took of its quota."""
    return row + _QUOTA_MARK if is_challenger else row
