"""Which engine decides (choix du moteur): built from what is in force, kept while that lasts."""

from datetime import date
from typing import Protocol

from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.ports import SelectivityEngine
from selectivity import packaged
from selectivity.engine import RuleEngine
from selectivity.lifecycle.store import in_force

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

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._engines: dict[tuple[str, str], SelectivityEngine] = {}

    def __call__(
        self, jurisdiction: str, day: date, session: Session | None = None
    ) -> SelectivityEngine:
        """Return the engine for files received on a day."""
        rules = (
            packaged.in_force(jurisdiction, day)
            if session is None
            else in_force(session, jurisdiction, day)
        )
        place = (rules.name, rules.sha256)
        found = self._engines.get(place)
        if found is None:
            if len(self._engines) >= _KEPT:
                self._engines.clear()
            found = self._engines[place] = RuleEngine(rules, self.period_key)
        return found

    def period_key(self, period: str) -> bytes:
        """Return the secret draw key of a month, "2026-11"."""
        return self._keys.derive(f"draw:{period}")
