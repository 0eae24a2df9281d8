"""Warnings about how much a version takes, from the back-test of its very content (volumes)."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model.backtest import BacktestRun
from medcontrol.vocabulary import BacktestStatus
from selectivity.faults import Finding

EXCESSIVE = 0.05
"""A targeting row that takes more than this part of all files is warned of: controls of a fund
are some per cent of what comes in, so one row alone would use them up."""

Run: Any = BacktestRun


def volume_findings(result: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what a stored result of a back-test warns of.

    Args:
        result: as ``selectivity.backtest.result`` keeps it.
    """
    files = int(result.get("files") or 0)
    if not files:
        return
    for row in result.get("rows", ()):
        if row["kind"] == "safe_harbour":
            continue
        if not row["matched"]:
            text = "no file of the back-test matches"
            yield Finding("zero_volume", text, row["row"], "", "warn")
        elif row["kind"] == "targeting" and row["taken"] > EXCESSIVE * files:
            share = f"{100 * row['taken'] / files:.1f} %"
            text = f"it takes {share} of the files of the back-test"
            yield Finding("excessive_volume", text, row["row"], "rate", "warn", share)
    yield from _over_capacity(result)


def volumes(session: Session, sha256: str) -> tuple[Finding, ...]:
    """Return what the newest finished back-test of this very content warns of."""
    result = session.execute(
        sa.select(Run.result)
        .where(Run.rules_sha256 == sha256, Run.status == BacktestStatus.DONE)
        .order_by(Run.finished_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    return tuple(volume_findings(result)) if result else ()


def _over_capacity(result: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a warning when files were left to blue for want of capacity."""
    overflow = int(result.get("overflow") or 0)
    if overflow:
        text = f"{overflow} files that the rules want find no room in the capacity asked about"
        yield Finding("over_capacity", text, "", "", "warn", str(overflow))
