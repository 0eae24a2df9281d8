"""What a file's pack calls its codes, in the reader's language (libellés du circuit)."""

from medcontrol.reference.motives import motives
from workflows.definition.catalog import Pack
from workflows.definition.parts import Titles


class PackWords:
    """The titles of a pack; implements ``medcontrol.queries.file_loading.Words``."""

    def __init__(self, pack: Pack, language: str) -> None:
        """Keep the pack that the file was opened under, and a language of the screens."""
        self.pack, self.language = pack, language

    def step(self, code: str) -> str:
        """Title of a step, or of a place where the flow waits."""
        meta = self.pack.meta
        known = meta.steps.get(code) or meta.waits.get(code)
        return self._title(known.titles) if known else code

    def outcome(self, code: str) -> str:
        """Title of an outcome."""
        known = self.pack.meta.outcomes.get(code)
        return self._title(known.titles) if known else code

    def motive(self, code: str) -> str:
        """Wording of a coded motive."""
        known = motives(self.pack.meta.jurisdiction).get(code)
        return known.wording.in_language(self.language) if known else code

    def deadline(self, code: str) -> str:
        """Title of a clock."""
        known = self.pack.meta.deadlines.get(code)
        return self._title(known.titles) if known else code

    def document(self, code: str) -> str:
        """Title of a kind of document."""
        known = self.pack.meta.pieces.get(code)
        return self._title(known.titles) if known else code

    def letter(self, code: str) -> str:
        """Title of a letter."""
        known = self.pack.meta.letters.get(code)
        return self._title(known.titles) if known else code

    def _title(self, titles: Titles) -> str:
        return str(getattr(titles, self.language))
