"""Controls of the past in the database: received files with their decisions and results."""

from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.ids import new_id
from medcontrol.model import ControlOutcome, ReceivedFile, SelectivityDecision
from tests.factories import NOW, TODAY, make_received_file


def fill(session: Session, files: int = 900, *, seed: int = 7, today: date = TODAY) -> None:
    """Insert controlled files of the last weeks.

    One in three is random at 5 %. Row ``below`` finds nothing, ``above`` a lot, acts that begin
    with Z of provider P-77 are wrong half of the time.
    """
    rng = np.random.default_rng(seed)
    template = make_received_file(session, flow="ambulatory", nature="reimbursement")
    plain = {
        column.key: getattr(template, column.key) for column in sa.inspect(ReceivedFile).columns
    }
    received: list[dict[str, Any]] = []
    decisions: list[dict[str, Any]] = []
    outcomes: list[dict[str, Any]] = []
    for n in range(files):
        file_id, day = new_id(), today - timedelta(days=int(rng.integers(1, 40)))
        kind = n % 3
        provider = "P-77" if kind == 0 and n % 30 == 0 else f"P-{int(rng.integers(1, 60))}"
        rate = {0: 0.05, 1: 0.004, 2: 0.4}[kind]
        if provider == "P-77":
            rate = 0.8
        hit = bool(rng.random() < rate)
        at = datetime.combine(day, time(10), ZONES["ma"])
        received.append(
            plain
            | {
                "id": file_id,
                "external_id": f"PAST-{n}",
                "received_at": at,
                "recorded_at": at,
                "provider_id": provider,
                "sex": "F" if rng.random() < 0.5 else "M",
                "flow": "ambulatory" if n % 2 else "dental",
                "region_code": "MA-06",
            }
        )
        decisions.append(
            {
                "received_file_id": file_id,
                "decided_at": at,
                "lane": "orange",
                "level": "local",
                "mode": "on_file",
                "reasons": [],
                "origins": [["random"], ["rule"], ["rule"]][kind],
                "matched_rows": [[], ["below"], ["above"]][kind],
                "draw_period": "2026-11",
                "draw": bytes(int(b) for b in rng.integers(0, 256, 8)),
                "inclusion_probability": [0.05, 1.0, 1.0][kind],
                "rule_set": "ma/1",
                "rule_set_hash": "0",
                "features": {
                    "provider_kind": "clinic",
                    "provider_sector": "private",
                    "amount": int(rng.integers(10_000, 200_000)),
                    "beneficiary_age": int(rng.integers(1, 90)),
                },
                "overflow": False,
            }
        )
        outcomes.append({
            "id": new_id(), "received_file_id": file_id, "jurisdiction": "ma",
            "result": "refused" if hit else "conform",
            "amount_avoided_cents": 20_000 if hit else 0, "decided_on": day + timedelta(days=1),
            "origins": ["random"], "is_overturned": False, "minutes": 10})  # fmt: skip
    session.execute(sa.insert(ReceivedFile), received)
    session.execute(sa.insert(SelectivityDecision), decisions)
    session.execute(sa.insert(ControlOutcome), outcomes)
    session.flush()


__all__ = ["NOW", "TODAY", "fill"]
