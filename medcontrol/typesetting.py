"""Text set as PDF or PNG by Typst (composition): letters, slips, lists, statements.

Data reach a template as JSON through ``sys.inputs``, never as markup.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson
import typst

from medcontrol.errors import InvalidInput

FONTS = {"fr": "Libertinus Serif", "ar": "Noto Naskh Arabic", "en": "Libertinus Serif"}


def typeset(
    template: Path,
    root: Path,
    data: Mapping[str, Any],
    language: str,
    folders: Sequence[Path],
    *,
    form: Literal["pdf", "png"] = "pdf",
    ppi: int = 144,
) -> list[bytes]:
    """Return a template set with its data: one PDF, or a PNG for each page.

    The same data are the same bytes. A PDF is tagged, so that it can be read aloud.

    Args:
        template: the Typst text.
        root: the folder above which it may import nothing.
        data: what it shows; ``font`` is added.
        language: ``fr``, ``ar`` or ``en``.
        folders: where TrueType fonts lie; those of the machine are not used.
        form: what to return.
        ppi: pixels per inch of a PNG.

    Raises:
        InvalidInput: the template can't be set, or the fonts lack the language's.
    """
    font = FONTS[language]
    options: dict[str, Any] = {"ppi": float(ppi)} if form == "png" else {"pdf_tags": True}
    try:
        made = typst.compile(
            input=str(template),
            root=str(root),
            font_paths=_fonts(tuple(folders), font),
            format=form,
            sys_inputs={"data": orjson.dumps({**data, "font": font}).decode()},
            timestamp=0,
            **options,
        )
    except typst.TypstError as problem:
        raise InvalidInput(f"{template}: {problem}", field="letter") from None
    return list(made) if isinstance(made, list) else [made]


@lru_cache(maxsize=8)
def _fonts(folders: tuple[Path, ...], family: str) -> typst.Fonts:
    found = typst.Fonts(include_system_fonts=False, font_paths=[str(each) for each in folders])
    if family not in found.families():
        raise InvalidInput(
            f"no font {family!r} in {', '.join(map(str, folders)) or 'no folder'}", field="fonts"
        )
    return found
