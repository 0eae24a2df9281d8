"""Rules in shadow at the gate: computed after the fact, and never in its way (ombre)."""

import logging
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.ports import FileFacts, SelectivityOutcome
from selectivity.backtest.shadow import Seen, note
from selectivity.backtest.simulate import Simulator
from selectivity.lifecycle.store import shadow
from selectivity.tables import RuleSet

log = logging.getLogger(__name__)

_KEPT = 8
_simulators: dict[str, tuple[KeyRing, Simulator]] = {}


def watch(
    session: Session,
    keys: KeyRing,
    ids: Sequence[UUID],
    facts: Sequence[FileFacts],
    outcomes: Sequence[SelectivityOutcome],
) -> None:
    """Count what rules in shadow say of files that were just decided.

    Whatever goes wrong is logged and forgotten: files come in all the same. Call it last in the
    transaction, since the counts of a day are rows that every chunk writes.
    """
    groups: dict[tuple[str, date], list[Seen]] = {}
    for file_id, fact, outcome in zip(ids, facts, outcomes, strict=True):
        place = (str(fact.message["jurisdiction"]), fact.received_on)
        groups.setdefault(place, []).append(Seen(file_id, fact, outcome))
    for (jurisdiction, day), seen in groups.items():
        for rules in shadow(session, jurisdiction, day):
            try:
                with session.begin_nested():
                    note(session, jurisdiction, _simulator(rules, keys), seen)
            except Exception as error:  # noqa: BLE001 - what is only tried must not cost a file
                log.error(
                    "selectivity.shadow_failed",
                    extra={"rules": rules.name, "error": type(error).__name__},
                )


def _simulator(rules: RuleSet, keys: KeyRing) -> Simulator:
    known = _simulators.get(rules.sha256)
    if known is not None and known[0] is keys:
        return known[1]
    if len(_simulators) >= _KEPT:
        _simulators.clear()
    made = Simulator(rules, lambda period: keys.derive(f"draw:{period}"))
    _simulators[rules.sha256] = (keys, made)
    return made
