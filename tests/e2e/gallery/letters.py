"""Pictures of letters, set with invented context."""

import sys
from collections.abc import Collection
from pathlib import Path

from tests.e2e.screens import LANGUAGES
from workflows.definition.catalog import Pack, catalog
from workflows.definition.samples import sample_of
from workflows.letters.rendering import preview_png

FONTS = (Path(__file__).parents[3] / "ui/static/vendor/fonts",)


def print_letters(out: Path, wanted: Collection[str]) -> None:
    """Write the first page of each letter of each flow, in both languages."""
    for pack in catalog():
        if pack.meta.jurisdiction == "ma" and (not wanted or pack.flow in wanted):
            for code in pack.meta.letters:
                for language in LANGUAGES:
                    _print(out, pack, code, language)


def _print(out: Path, pack: Pack, code: str, language: str) -> None:
    context = sample_of(pack, code, language)
    path = out / f"letter-{pack.flow}-{code}.{language}.png"
    path.write_bytes(preview_png(pack, code, language, context, fonts=FONTS))
    sys.stdout.write(f"{path.name}\n")
