"""What commands need beside the database: keys, documents, packs, selectivity (outils)."""

from dataclasses import dataclass, field
from pathlib import Path

from medcontrol.crypto import KeyRing
from medcontrol.documents import DocumentStore, FolderStore
from medcontrol.settings import Settings
from selectivity.remote import EngineClient
from workflows.definition.catalog import Catalog, catalog
from workflows.gate.selecting import Selecting, Selector
from workflows.letters.marks import LetterWays, letter_ways

FONTS = Path(__file__).parents[1] / "ui" / "static" / "vendor" / "fonts"


@dataclass(frozen=True)
class Tools:
    """Built once per process by the composition root, and handed to every command.

    Attributes:
        selectivity: the engine for a jurisdiction and a day of reception; in process or outside.
        fonts: folders with the fonts of letters.
        undo_seconds: how long the consequences of a decision wait.
        with_valve: keep what is targeted within the doctors' free time.
        letter_ways: how letters leave, and where they are verified.
    """

    keys: KeyRing
    documents: DocumentStore
    catalog: Catalog
    selectivity: Selector
    fund_name: str
    fonts: tuple[Path, ...]
    undo_seconds: int
    with_valve: bool = True
    letter_ways: LetterWays = field(default_factory=LetterWays)


def make_tools(settings: Settings, keys: KeyRing) -> Tools:
    """Return the tools of this installation."""
    return Tools(
        keys=keys,
        documents=FolderStore(settings.home_path / "documents", keys),
        catalog=catalog(),
        selectivity=Selecting(
            keys,
            with_score=settings.selectivity_score,
            remote=_remote(settings),
            fallback=settings.selectivity_fallback,
        ),
        fund_name=settings.fund_name,
        fonts=(FONTS,),
        undo_seconds=settings.undo_seconds,
        with_valve=settings.selectivity_valve,
        letter_ways=letter_ways(settings),
    )


def _remote(settings: Settings) -> EngineClient | None:
    """Return how the selectivity engine elsewhere is reached, when there is one."""
    if settings.selectivity_url is None:
        return None
    token = settings.selectivity_token
    return EngineClient(
        settings.selectivity_url,
        token=token.get_secret_value() if token else None,
        timeout=settings.selectivity_timeout,
    )
