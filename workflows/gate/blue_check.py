"""Is a weekly draw the one that the secret keys give? (contrôle du tirage hebdomadaire)."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing
from medcontrol.errors import NotFound
from medcontrol.model import BlueDraw, BlueWeek
from selectivity.outcomes.weekly import choose
from workflows.gate.blue_pool import read_pool


@dataclass(frozen=True, slots=True)
class WrongBlue:
    """A paid file that a week should have drawn and did not, or the other way round."""

    file_id: UUID
    fault: str


def verify_week(
    session: Session, keys: KeyRing, jurisdiction: str, week: str
) -> tuple[int, list[WrongBlue]]:
    """Draw a week again from its pool and compare with what was stored.

    Returns:
        How many files the week drew, and those whose draw, place or absence is not the week's.

    Raises:
        NotFound: nothing was drawn in this week.
    """
    kept = session.get(BlueWeek, (jurisdiction, week))
    if kept is None:
        raise NotFound(f"nothing was drawn in {week}", field="week")
    pool = read_pool(session, keys, jurisdiction, week, since=kept.first_day, before=kept.drawn_at)
    wanted = {each.file.file_id: each for each in choose(list(pool), kept.quota).drawn}
    stored = session.exec(
        select(BlueDraw)
        .where(BlueDraw.jurisdiction == jurisdiction, BlueDraw.week == week)
        .order_by(col(BlueDraw.rank))
    ).all()
    wrong = []
    for row in stored:
        again = wanted.pop(row.received_file_id, None)
        if again is None:
            wrong.append(WrongBlue(row.received_file_id, "drawn, though it is not its turn"))
        elif again.file.draw.to_bytes(8, "big") != bytes(row.draw):
            wrong.append(WrongBlue(row.received_file_id, "the stored draw is not its own"))
        elif again.rank != row.rank:
            wrong.append(WrongBlue(row.received_file_id, f"place {again.rank}, not {row.rank}"))
    wrong += [WrongBlue(file_id, "left out, though it is its turn") for file_id in wanted]
    return len(stored), wrong
