"""A diagram that somebody edited, checked as if it stood in its pack (brouillon)."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from medcontrol.errors import InvalidInput
from workflows.definition.catalog import Catalog, Pack
from workflows.definition.checks import Problem, check

MAX_BYTES = 2_000_000


def check_diagram(pack: Pack, bpmn: str, *, fonts: Sequence[Path]) -> list[Problem]:
    """Return every problem that the pack would have with this diagram; nothing is kept.

    The scenarios of the pack are played on it.

    Args:
        pack: the version that was edited.
        bpmn: the edited diagram.
        fonts: folders with the fonts that letters are set in.

    Raises:
        InvalidInput: too large, or not a plain BPMN file.
    """
    if len(bpmn) > MAX_BYTES or "<!DOCTYPE" in bpmn.upper():
        raise InvalidInput("the diagram is too large or has a document type", field="bpmn")
    with tempfile.TemporaryDirectory(prefix="medcontrol-draft-") as folder:
        root = Path(folder)
        place = pack.folder.relative_to(pack.root)
        shutil.copytree(pack.folder, root / place)
        shutil.copytree(pack.common, root / pack.common.relative_to(pack.root))
        (root / place / "flow.bpmn").write_text(bpmn, "utf-8")
        try:
            return check(Catalog(root), fonts=fonts)
        except InvalidInput as refusal:
            return [Problem(pack.key, refusal.field or "flow.bpmn", _told(refusal, root))]


def _told(refusal: InvalidInput, root: Path) -> str:
    """Return what is wrong without the place on this machine."""
    return refusal.detail.replace(f"{root}/", "")
