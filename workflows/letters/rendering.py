"""Letters (courriers): a pack's template and a checked context in, a PDF or a preview out.

Data reach the template as JSON through ``sys.inputs``, never as markup. A letter has nothing
medical: the context has no place for it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from babel.dates import format_date, format_time
from pydantic import ValidationError

from medcontrol import typesetting
from medcontrol.errors import InvalidInput
from workflows.definition.catalog import Pack
from workflows.definition.schema import ContextGroup
from workflows.letters.context import LetterContext
from workflows.letters.qr import qr_svg

Language = Literal["fr", "ar"]
_LOCALES = {"fr": "fr", "ar": "ar_MA", "en": "en"}


def render(
    pack: Pack,
    code: str,
    language: str,
    context: dict[str, Any],
    *,
    fonts: Sequence[Path],
    duplicate_on: date | None = None,
) -> bytes:
    """Return a letter as PDF; the same letter of the same context is the same bytes.

    Args:
        pack: the version that the file was opened under.
        code: one of the pack's ``letters``.
        language: ``fr`` or ``ar``.
        context: a ``LetterContext`` as a dict.
        fonts: folders with TrueType fonts; Arabic needs Noto Naskh Arabic among them.
        duplicate_on: the day of a second copy, which is marked as such; the letter itself when
            absent.

    Raises:
        NotFound: the pack has no such letter in this language.
        InvalidInput: the context is wrong or lacks what the letter needs; ``field`` names it.
            Also when the fonts lack the one that the language is set in.
    """
    pdf = _compile(pack, code, language, context, tuple(fonts), "pdf", duplicate_on=duplicate_on)
    return pdf[0]


def preview_png(
    pack: Pack,
    code: str,
    language: str,
    context: dict[str, Any],
    *,
    fonts: Sequence[Path],
    ppi: int = 96,
) -> bytes:
    """Return a letter's first page as PNG, ``ppi`` pixels per inch; otherwise as ``render``."""
    return _compile(pack, code, language, context, tuple(fonts), "png", ppi)[0]


def checked(pack: Pack, code: str, context: dict[str, Any]) -> LetterContext:
    """Return the context of a letter, checked; freeze ``model_dump(mode="json")`` of it.

    Raises:
        InvalidInput: as ``render``.
    """
    try:
        whole = LetterContext.model_validate(context)
    except ValidationError as refusal:
        first = refusal.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"letter {code}: {name}: {first['msg']}", field=name) from None
    needs: tuple[ContextGroup, ...] = pack.meta.letters[code].needs
    for group in needs:
        if not getattr(whole, group):
            raise InvalidInput(f"letter {code} needs {group}", field=group)
    return whole


def _compile(
    pack: Pack,
    code: str,
    language: str,
    context: dict[str, Any],
    folders: tuple[Path, ...],
    form: Literal["pdf", "png"],
    ppi: int = 144,
    *,
    duplicate_on: date | None = None,
) -> list[bytes]:
    template = pack.letter_path(code, language)
    whole = checked(pack, code, context)
    data = whole.model_dump() | {"duplicate_on": duplicate_on, "qr": None}
    if whole.verification:
        data["qr"] = qr_svg(whole.verification.address)
    return typeset(template, pack.root, data, language, folders, form=form, ppi=ppi)


def typeset(
    template: Path,
    root: Path,
    data: Mapping[str, Any],
    language: str,
    folders: tuple[Path, ...],
    *,
    form: Literal["pdf", "png"] = "pdf",
    ppi: int = 144,
) -> list[bytes]:
    """Return a template set with checked data, its days and times spelled out.

    Raises:
        InvalidInput: as ``medcontrol.typesetting``.
    """
    spelled = _spelled(dict(data), language)
    return typesetting.typeset(template, root, spelled, language, folders, form=form, ppi=ppi)


def _spelled(value: Any, language: str) -> Any:
    """Spell days and times out in the letter's language, at every depth."""
    if isinstance(value, dict):
        return {name: _spelled(part, language) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(part, language) for part in value]
    if isinstance(value, datetime):
        locale = _LOCALES[language]
        return {
            "day": format_date(value.date(), "full", locale=locale),
            "time": format_time(value.timetz().replace(tzinfo=None), "HH:mm", locale=locale),
        }
    if isinstance(value, date):
        return format_date(value, "long", locale=_LOCALES[language])
    return value
