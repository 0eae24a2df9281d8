"""A score that is trained in a blink, kept for the tests of what it does."""

from functools import cache

from sqlmodel import Session

from medcontrol import db as database
from medcontrol.model import TrainedModel
from selectivity.score import store
from selectivity.score.fitting import GlassSettings, TreeSettings
from selectivity.score.training import Trained, Training, fit
from tests.factories import NOW
from tests.unit.selectivity_cases import AS_OF, make_cases


@cache
def trained() -> Trained:
    """Return a score of invented cases, with its challenger."""
    quick = TreeSettings(trees=30, rate=0.2)
    return fit(
        make_cases(900),
        Training(AS_OF, folds=2, trees=quick, glass=GlassSettings(cases=900, rounds=30)),
    )


def keep(session: Session, by: str = "Training") -> TrainedModel:
    """Keep it as a candidate."""
    return store.save(session, trained(), jurisdiction="ma", by=by, now=NOW)


def put_to_work() -> None:
    """Train, keep and activate a score."""
    with database.transaction() as session:
        store.activate(session, keep(session).id, by="A second person", now=NOW)
