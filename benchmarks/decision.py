"""One doctor's decision, from the locked row to the commit, one after the other.

``python -m benchmarks.decision [--files 300] [--json] [--profile]``
"""

import statistics
import time
from collections.abc import Iterator
from uuid import UUID

import orjson
import sqlalchemy as sa

from benchmarks._fund import AS_OF, Bench, arguments, installation, profiled, show
from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.model import UserAccount
from medcontrol.policy import Principal
from medcontrol.services.users import principal_for
from medcontrol.vocabulary import LineOutcome
from workflows.commands import CompleteStep, LineVerdict, complete_step
from workflows.gate.counts import BatchName
from workflows.gate.intake import take_in

WARM_UP = 20
_TASKS = """
SELECT t.id, f.version, r.details, u.id AS user_id
FROM human_task t JOIN control_file f ON f.id = t.control_file_id
JOIN received_file r ON r.id = f.received_file_id
JOIN user_account u ON u.doctor_id = t.assigned_doctor_id
WHERE t.status = 'open' AND t.step = 'control_on_file' ORDER BY t.id
"""


def main() -> None:
    """Open files, let their doctors grant them, and print how long each decision took."""
    given = arguments(__doc__ or "", 300).parse_args()
    with installation(seed=given.seed) as bench:
        commands = list(_commands(bench, given.files + WARM_UP))
        times = []
        with profiled(wanted=given.profile, title="decision"):
            for command, principal in commands:
                begun = time.perf_counter()
                with transaction() as session:
                    complete_step(session, bench.tools, command, principal=principal, now=utc_now())
                times.append((time.perf_counter() - begun) * 1000)
    measured = sorted(times[WARM_UP:])
    figures: dict[str, object] = {
        "median_ms": round(statistics.median(measured), 2),
        "p95_ms": round(measured[int(len(measured) * 0.95)], 2),
        "per_second": round(1000 * len(measured) / sum(measured)),
        "decisions": len(measured),
    }
    show(figures, as_json=given.json)


def _commands(bench: Bench, wanted: int) -> Iterator[tuple[CompleteStep, Principal]]:
    """Yield as many decisions of whole files as wanted, each with its doctor."""
    lines = []
    day = bench.fund.make_day(AS_OF, wanted * 2)
    for number, message in enumerate(day.messages(), 1):
        raw = orjson.dumps(message | {"control": {"required": True, "mode": "on_file"}})
        lines.append(Line(number, raw, len(raw)))
    take_in(bench.tools, lines, batch=BatchName(new_id(), "benchmark"), now=utc_now)
    with read_only() as session:
        session.execute(sa.text("SELECT 1"))
        rows = session.execute(sa.text(_TASKS)).all()
        who: dict[UUID, Principal] = {}
        if len(rows) < wanted:
            raise RuntimeError(f"only {len(rows)} files reached a doctor, not {wanted}")
        for row in rows[:wanted]:
            if row.user_id not in who:
                user = session.get_one(UserAccount, row.user_id)
                who[row.user_id] = principal_for(session, user, AS_OF)
            verdicts = tuple(
                LineVerdict(line_no=line["no"], outcome=LineOutcome.ACCEPTED)
                for line in row.details.get("lines", ())
            )
            yield (
                CompleteStep(
                    task_id=row.id, expected_version=row.version, outcome="granted",
                    lines=verdicts, reasoning="Éléments concordants.",
                ),
                who[row.user_id],
            )  # fmt: skip


if __name__ == "__main__":
    main()
