"""What came of a simulated month, counted in the database (bilan)."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol import journal
from medcontrol.db import read_only

#: Examples of stuck files that a report names.
EXAMPLES = 20

_OUTCOMES = """
SELECT flow, coalesce(outcome, 'open'), count(*) FROM control_file GROUP BY 1, 2 ORDER BY 1, 2
"""
_BY_PACK = "SELECT pack, count(*) FROM control_file GROUP BY 1 ORDER BY 1"
# A file that is not closed has somebody's task, a running clock that moves it, or waits for
# another file that is not closed itself.
STUCK = """
SELECT f.reference, f.flow, f.status FROM control_file f
JOIN flow_instance i ON i.control_file_id = f.id
WHERE (f.status = 'closed') <> (i.ended_at IS NOT NULL)
   OR (f.status <> 'closed'
       AND NOT EXISTS (SELECT FROM human_task t
                       WHERE t.control_file_id = f.id AND t.status = 'open')
       AND NOT EXISTS (SELECT FROM deadline d WHERE d.control_file_id = f.id
                       AND d.engine_task_id IS NOT NULL AND d.status IN ('running', 'suspended'))
       AND NOT EXISTS (SELECT FROM control_file c
                       WHERE c.parent_id = f.id AND c.status <> 'closed'))
ORDER BY f.reference
"""
# Clocks that only report: met, or said to be late. One that is over and still runs was missed.
_CLOCKS = """
SELECT CASE WHEN d.status = 'fired' OR d.settled_at > d.due_at THEN 'late'
            WHEN d.status = 'met' THEN 'met'
            WHEN d.status = 'cancelled' THEN 'cancelled'
            WHEN d.status = 'running' AND d.due_at <= :now THEN 'unreported'
            ELSE 'running' END, d.kind, count(*)
FROM deadline d GROUP BY 1, 2
"""
_COUNTS = """
SELECT (SELECT count(*) FROM received_file), (SELECT count(*) FROM control_file),
       (SELECT count(*) FROM control_file WHERE status = 'closed'),
       (SELECT count(*) FROM quarantined_message),
       (SELECT count(*) FROM letter), (SELECT count(*) FROM entitlement)
"""


@dataclass
class Report:
    """The figures of a simulation.

    Attributes:
        late: clocks that ran out before what they are about was done: each is reported.
        unreported: clocks that ran out and that nobody was told of: always 0.
        stuck: files with no open task, timer, open linked file or end: always 0.
        outcomes: by flow, how many files ended how; ``open`` for those under way.
        never: packs that opened no file.
        untaken: outcomes that nobody ever chose, by pack and step.
        refused: what the rules refused to virtual people, by step and code.
    """

    days: int = 0
    files_per_day: int = 0
    received: int = 0
    opened: int = 0
    closed: int = 0
    quarantined: int = 0
    letters: int = 0
    entitlements: int = 0
    stuck: int = 0
    stuck_files: list[str] = field(default_factory=list)
    late: int = 0
    deadlines: dict[str, int] = field(default_factory=dict)
    unreported: int = 0
    journal_entries: int = 0
    journal_verified: bool = False
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    packs: dict[str, int] = field(default_factory=dict)
    never: list[str] = field(default_factory=list)
    untaken: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing is stuck, unreported or broken, and every pack was driven."""
        wrong = self.stuck or self.unreported or self.never or not self.journal_verified
        return not wrong

    def as_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


def fill(report: Report, *, now: datetime, packs: list[str]) -> None:
    """Count everything anew from the database."""
    with read_only() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
        row = session.execute(sa.text(_COUNTS)).one()
        (report.received, report.opened, report.closed, report.quarantined, report.letters,
         report.entitlements) = row  # fmt: skip
        report.packs = {r[0]: r[1] for r in session.execute(sa.text(_BY_PACK))}
        report.never = [key for key in packs if key not in report.packs]
        by_flow: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for flow, outcome, count in session.execute(sa.text(_OUTCOMES)):
            by_flow[flow][outcome] = count
        report.outcomes = dict(by_flow)
        _clocks(session, report, now)
        stuck = session.execute(sa.text(STUCK)).all()
        report.stuck = len(stuck)
        report.stuck_files = [f"{r[0]} {r[1]} {r[2]}" for r in stuck[:EXAMPLES]]
        report.journal_entries, broken = journal.verify(session)
        report.journal_verified = not broken


def _clocks(session: Session, report: Report, now: datetime) -> None:
    counts: Counter[str] = Counter()
    for state, kind, count in session.execute(sa.text(_CLOCKS), {"now": now}):
        counts[state] += count
        counts[f"{state}_{kind}"] += count
    report.deadlines = dict(sorted(counts.items()))
    report.late, report.unreported = counts["late"], counts["unreported"]
