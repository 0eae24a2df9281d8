"""What selectivity says of new files, and the daily quotas that go up with it (sélectivité)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.ports import FileFacts, SelectivityOutcome
from selectivity.history.reading import Looked, as_lists
from workflows.gate import arms, capacity, probing
from workflows.tools import Tools

Quota = Counter[tuple[str, date]]
"""How many files a row of a rule set took on a day."""


def decide(
    session: Session,
    tools: Tools,
    facts: Sequence[FileFacts],
    looked: Looked,
    picked: probing.Picked,
    now: datetime,
) -> tuple[list[SelectivityOutcome], list[arms.Part]]:
    """Return an outcome per file, and who decided; the counters of daily quotas go up with it.

    Args:
        session: the transaction that saves the files.
        tools: of this process.
        facts: the new files of a chunk.
        looked: what history says of the same files.
        picked: which of them probe rounds take.
        now: the instant.
    """
    parts = _parts(session, tools, facts)
    used = _quota_used(session, {day for _, day in parts})
    outcomes: dict[int, SelectivityOutcome] = {}
    taken = Quota()
    for part, day in parts:
        made = capacity.decide_within(
            session,
            part.engine,
            [facts[place] for place in part.places],
            history=as_lists(looked.columns, part.places) | picked.column(part.places),
            quota_used=part.used(used),
            now=now if tools.with_valve else None,
            share=part.share,
        )
        outcomes.update(zip(part.places, made, strict=True))
        taken.update((part.counted(row), day) for outcome in made for row in outcome.quota_rows)
    _use_quota(session, taken)
    return [outcomes[place] for place in range(len(facts))], [part for part, _ in parts]


def _parts(
    session: Session, tools: Tools, facts: Sequence[FileFacts]
) -> list[tuple[arms.Part, date]]:
    """Return which engine decides which files, jurisdiction by jurisdiction and day by day."""
    groups: dict[tuple[str, date], list[int]] = {}
    for place, found in enumerate(facts):
        groups.setdefault((found.message["jurisdiction"], found.received_on), []).append(place)
    return [
        (part, day)
        for (jurisdiction, day), places in groups.items()
        for part in arms.parts(session, tools, jurisdiction, day, places, facts)
    ]


def _quota_used(session: Session, days: set[date]) -> dict[tuple[str, date], int]:
    rows = session.execute(
        sa.text("SELECT row_id, day, used FROM selectivity_quota WHERE day = ANY(:days)"),
        {"days": list(days)},
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _use_quota(session: Session, taken: Quota) -> None:
    if taken:
        session.execute(
            sa.text(
                "INSERT INTO selectivity_quota AS q (row_id, day, used) VALUES (:row, :day, :n)"
                " ON CONFLICT (row_id, day) DO UPDATE SET used = q.used + excluded.used"
            ),
            [{"row": row, "day": day, "n": n} for (row, day), n in sorted(taken.items())],
        )
