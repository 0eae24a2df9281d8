"""What commands need beside the database: keys, documents, packs, selectivity (outils)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from medcontrol.crypto import KeyRing
from medcontrol.documents import DocumentStore, FolderStore
from medcontrol.ports import SelectivityEngine
from medcontrol.settings import Settings
from selectivity.engine import RuleEngine
from selectivity.packaged import in_force
from workflows.catalog import Catalog, catalog

FONTS = Path(__file__).parents[1] / "ui" / "static" / "vendor" / "fonts"


@dataclass(frozen=True)
class Tools:
    """Built once per process by the composition root, and handed to every command.

    Attributes:
        selectivity: the engine for a jurisdiction and a day of reception; in process or outside.
        fonts: folders with the fonts of letters.
        undo_seconds: how long the consequences of a decision wait.
    """

    keys: KeyRing
    documents: DocumentStore
    catalog: Catalog
    selectivity: Callable[[str, date], SelectivityEngine]
    fund_name: str
    fonts: tuple[Path, ...]
    undo_seconds: int


def make_tools(settings: Settings, keys: KeyRing) -> Tools:
    """Return the tools of this installation."""

    def period_key(period: str) -> bytes:
        return keys.derive(f"draw:{period}")

    engines: dict[str, SelectivityEngine] = {}

    def selectivity(jurisdiction: str, day: date) -> SelectivityEngine:
        rules = in_force(jurisdiction, day)
        if rules.name not in engines:
            engines[rules.name] = RuleEngine(rules, period_key)
        return engines[rules.name]

    return Tools(
        keys=keys,
        documents=FolderStore(settings.home_path / "documents", keys),
        catalog=catalog(),
        selectivity=selectivity,
        fund_name=settings.fund_name,
        fonts=(FONTS,),
        undo_seconds=settings.undo_seconds,
    )
