"""Which engine decides (choix du moteur): built from what is in force, kept while that lasts."""

import logging
from datetime import date
from typing import Protocol

from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.errors import Unavailable
from medcontrol.ports import SelectivityEngine
from selectivity import packaged
from selectivity.engine import RuleEngine
from selectivity.lifecycle.store import in_force
from selectivity.remote import EngineClient, RemoteEngine
from selectivity.score.model import ScoreModel
from selectivity.score.store import active_model
from selectivity.tables import RuleSet

log = logging.getLogger(__name__)

_KEPT = 32


class Selector(Protocol):
    """Gives the engine for files of a jurisdiction that were received on a day."""

    def __call__(
        self, jurisdiction: str, day: date, session: Session | None = None
    ) -> SelectivityEngine:
        """Return the engine; without a session, over the rules that come with the system.

        Raises:
            NotFound: no rules are in force that day.
        """
        ...


class Selecting:
    """Engines of this process. The one place where rules, score and keys become an engine.

    Asked once for every chunk: what is in force is looked up each time (one small statement), and
    the engine is compiled again only when that has changed.
    """

    def __init__(
        self,
        keys: KeyRing,
        *,
        with_score: bool = True,
        remote: EngineClient | None = None,
        fallback: str = "hold",
    ) -> None:
        self._keys, self._with_score = keys, with_score
        self._remote, self._fallback = remote, fallback
        self._engines: dict[tuple[str, ...], SelectivityEngine] = {}

    def __call__(
        self, jurisdiction: str, day: date, session: Session | None = None
    ) -> SelectivityEngine:
        """Return the engine for files received on a day."""
        rules = (
            packaged.in_force(jurisdiction, day)
            if session is None
            else in_force(session, jurisdiction, day)
        )
        score = self.score(session, jurisdiction)
        place = (rules.name, rules.sha256, score.name if score else "")
        found = self._engines.get(place)
        if found is None:
            if len(self._engines) >= _KEPT:
                self._engines.clear()
            found = self._engines[place] = self._engine(rules, score)
        return found

    def _engine(self, rules: RuleSet, score: ScoreModel | None) -> SelectivityEngine:
        """Return the engine over rules and score: in this process, or the one at an address."""
        local = RuleEngine(rules, self.period_key, score=score)
        if self._remote is None:
            return local
        return RemoteEngine(self._remote, local, fallback=self._fallback)

    def score(self, session: Session | None, jurisdiction: str) -> ScoreModel | None:
        """Return the model that decides; ``None`` where rules and draws decide alone.

        A machine that can't load the model's library goes on by rules, and says so in its log.
        """
        if session is None or not self._with_score:
            return None
        try:
            return active_model(session, jurisdiction)
        except Unavailable as error:
            log.error("selectivity.no_score", extra={"why": error.code})
            return None

    def close(self) -> None:
        """Close the connections to an engine elsewhere."""
        if self._remote is not None:
            self._remote.close()

    def period_key(self, period: str) -> bytes:
        """Return the secret draw key of a month, "2026-11"."""
        return self._keys.derive(f"draw:{period}")
