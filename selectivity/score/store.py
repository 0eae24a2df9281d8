"""Trained scores in the database: stored once, activated by a second person (modèles)."""

from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import AlreadyDone, Forbidden, NotFound
from medcontrol.model import TrainedModel
from medcontrol.vocabulary import Jurisdiction, ScoreModelStatus
from selectivity.score.model import ScoreModel, read
from selectivity.score.training import Trained

_LOCK = sa.text("SELECT pg_advisory_xact_lock(20762, hashtext(:what))")


def save(
    session: Session, trained: Trained, *, jurisdiction: str, by: str, now: datetime
) -> TrainedModel:
    """Keep a model as a candidate, under the next number of its jurisdiction."""
    session.execute(_LOCK, {"what": f"score:{jurisdiction}"})
    highest = session.execute(
        sa.select(sa.func.coalesce(sa.func.max(TrainedModel.number), 0)).where(
            col(TrainedModel.jurisdiction) == jurisdiction
        )
    ).scalar_one()
    challenger = trained.challenger
    row = TrainedModel(
        jurisdiction=Jurisdiction(jurisdiction),
        number=highest + 1,
        kind=trained.model.kind,
        content=trained.model.text,
        sha256=trained.model.sha256,
        features=list(trained.model.features),
        trained_as_of=trained.model.trained_as_of,
        trained_at=now,
        trained_by=by,
        report=trained.report,
        challenger=challenger.text if challenger else None,
        challenger_sha256=challenger.sha256 if challenger else None,
    )
    session.add(row)
    session.flush()
    return row


def activate(session: Session, model_id: UUID, *, by: str, now: datetime) -> TrainedModel:
    """Let a model decide from now on; the one before is retired.

    Raises:
        NotFound: there is no such model.
        AlreadyDone: it is not a candidate.
        Forbidden: who asks had it trained.
    """
    row = session.get(TrainedModel, model_id, with_for_update=True)
    if row is None:
        raise NotFound("there is no such model")
    session.execute(_LOCK, {"what": f"score:{row.jurisdiction}"})
    if row.status is not ScoreModelStatus.CANDIDATE:
        raise AlreadyDone(f"the model {name_of(row)} is {row.status.value}, no candidate")
    if by == row.trained_by:
        raise Forbidden("a second person activates a model: not the one who had it trained")
    retire(session, row.jurisdiction, now=now)
    row.status = ScoreModelStatus.ACTIVE
    row.activated_at, row.activated_by = now, by
    session.flush()
    return row


def retire(session: Session, jurisdiction: str, *, now: datetime) -> None:
    """Let rules decide alone from now on."""
    session.execute(
        sa.update(TrainedModel)
        .where(
            col(TrainedModel.jurisdiction) == jurisdiction,
            col(TrainedModel.status) == ScoreModelStatus.ACTIVE,
        )
        .values(status=ScoreModelStatus.RETIRED, retired_at=now)
    )
    session.flush()


def active_model(session: Session, jurisdiction: str) -> ScoreModel | None:
    """Return the model that decides; ``None`` when rules decide alone.

    Raises:
        Unavailable: its library can't be loaded on this machine.
    """
    return _first(session, jurisdiction, col(TrainedModel.status) == ScoreModelStatus.ACTIVE)


def model_as_of(session: Session, jurisdiction: str, day: date) -> ScoreModel | None:
    """Return the newest model that knew nothing of a day or later, active or not."""
    return _first(session, jurisdiction, col(TrainedModel.trained_as_of) <= day)


def model_named(session: Session, jurisdiction: str, number: int) -> ScoreModel:
    """Return one model.

    Raises:
        NotFound: there is no such model.
    """
    found = _first(session, jurisdiction, col(TrainedModel.number) == number)
    if found is None:
        raise NotFound(f"there is no model {jurisdiction}/{number}")
    return found


def listed(session: Session, jurisdiction: str) -> list[TrainedModel]:
    """Return all models of a jurisdiction, newest first."""
    return list(
        session.exec(
            select(TrainedModel)
            .where(col(TrainedModel.jurisdiction) == jurisdiction)
            .order_by(col(TrainedModel.number).desc())
        )
    )


def name_of(row: TrainedModel) -> str:
    """Return "ma/3"."""
    return f"{row.jurisdiction.value}/{row.number}"


def _first(session: Session, jurisdiction: str, which: Any) -> ScoreModel | None:
    """Return the newest model of those; its text is fetched and read once per process."""
    found = session.execute(
        sa.select(col(TrainedModel.id), col(TrainedModel.number), col(TrainedModel.sha256))
        .where(col(TrainedModel.jurisdiction) == jurisdiction, which)
        .order_by(col(TrainedModel.trained_as_of).desc(), col(TrainedModel.number).desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    known = _KNOWN.get(found.sha256)
    if known is None:
        text = session.execute(
            sa.select(col(TrainedModel.content)).where(col(TrainedModel.id) == found.id)
        ).scalar_one()
        known = _read(text, "")
        _KNOWN.clear()
        _KNOWN[found.sha256] = known
    return replace(known, name=f"{jurisdiction}/{found.number}")


_KNOWN: dict[str, ScoreModel] = {}


@lru_cache(maxsize=4)
def _read(text: str, name: str) -> ScoreModel:
    return read(text, name)
