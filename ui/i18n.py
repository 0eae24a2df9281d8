"""Languages of the screens: catalogs, choice of language, and the tools that keep them complete.

Message ids are plain English sentences. ``python -m ui.i18n update`` brings new ids into the
catalogs, ``python -m ui.i18n check`` says what is not translated. Catalogs are compiled in
memory when first used, so there is no second file that could be stale.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

UI = Path(__file__).resolve().parent
LOCALES = UI / "locales"
LANGUAGES = ("fr", "ar", "en")
DEFAULT_LANGUAGE = "fr"
RIGHT_TO_LEFT = frozenset({"ar"})
LANGUAGE_COOKIE = "medcontrol_language"

# Morocco writes Arabic with the digits 0-9; plain "ar" would not.
_BABEL_LOCALES = {"fr": "fr", "ar": "ar_MA", "en": "en_GB"}
_METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
_KEYWORDS = {
    "_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip
# A fixed day keeps the headers, and so the diffs, still.
_STILL = datetime(2026, 1, 1, tzinfo=UTC)


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """Mark a message for extraction where it can't be translated yet."""
    return message


def babel_locale(language: str) -> Locale:
    """Return how dates and numbers are written in a language of the screens."""
    return Locale.parse(_BABEL_LOCALES[language])


def is_right_to_left(language: str) -> bool:
    """Return whether the page runs from right to left."""
    return language in RIGHT_TO_LEFT


def catalog_path(language: str) -> Path:
    """Return the .po file of a language."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def read_catalog(language: str) -> Catalog:
    """Return the catalog of a language, empty when there is no file yet."""
    path = catalog_path(language)
    if not path.exists():
        return Catalog(locale=language, domain="messages", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="messages", charset="utf-8")


@cache
def translations(language: str) -> GNUTranslations:
    """Return the compiled catalog of a language; a message without translation stays English."""
    buffer = BytesIO()
    write_mo(buffer, read_catalog(language))
    buffer.seek(0)
    return GNUTranslations(buffer)


def choose_language(candidates: Iterable[str | None], accept_language: str = "") -> str:
    """Return the first candidate we speak, else the best of the browser's, else French.

    >>> choose_language([None, "xx"], "de;q=0.9, ar-MA;q=0.8")
    'ar'
    """
    for candidate in candidates:
        if candidate in LANGUAGES:
            return str(candidate)
    wanted = [part.strip().split(";q=") for part in accept_language.split(",") if part.strip()]
    ranked = sorted((part for part in wanted if _quality(part) > 0), key=_quality, reverse=True)
    codes = [part[0].strip().split("-")[0].lower() for part in ranked]
    return next((code for code in codes if code in LANGUAGES), DEFAULT_LANGUAGE)


def _quality(part: list[str]) -> float:
    try:
        return float(part[1]) if len(part) > 1 else 1.0
    except ValueError:
        return 0.0


def extract() -> Catalog:
    """Return the catalog of every message that templates and code ask for."""
    catalog = Catalog(domain="messages", charset="utf-8", creation_date=_STILL)
    found = extract_from_dir(UI, method_map=_METHODS, keywords=_KEYWORDS)
    for _file, _line, message, _comments, context in found:
        catalog.add(message, context=context)
    return catalog


def update() -> None:
    """Bring new messages into every catalog, drop those no longer asked for; English is itself."""
    template = extract()
    for language in LANGUAGES:
        catalog = read_catalog(language)
        catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
        catalog.obsolete.clear()
        if language == "en":
            for message in _messages(catalog):
                message.string = message.id
        write_catalog(catalog, language)


def write_catalog(catalog: Catalog, language: str) -> None:
    """Write a catalog sorted and without places or times, so that diffs show words only."""
    catalog.project, catalog.version = "medcontrol", "1"
    catalog.copyright_holder = catalog.last_translator = "medcontrol contributors"
    catalog.language_team = catalog.msgid_bugs_address = "docs/"
    catalog.header_comment = f"# Words of the screens: {language}."
    catalog.creation_date = catalog.revision_date = _STILL
    catalog.fuzzy = False
    path = catalog_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, no_location=True, sort_output=True)


def missing(language: str) -> list[str]:
    """Return the messages asked for somewhere that a language does not translate."""
    catalog = read_catalog(language)
    gaps = []
    for message in _messages(extract()):
        known = catalog.get(message.id, message.context)
        texts = known.string if known is not None else ""
        if not all(texts if isinstance(texts, list | tuple) else [texts]):
            gaps.append(str(message.id))
    return gaps


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def main(arguments: list[str]) -> int:
    """Run ``update`` or ``check``; ``check`` fails when something is not translated."""
    if arguments == ["update"]:
        update()
    elif arguments != ["check"]:
        sys.stderr.write("usage: python -m ui.i18n update|check\n")
        return 2
    gaps = {language: missing(language) for language in LANGUAGES}
    for language, messages in gaps.items():
        sys.stdout.write(f"{language}: {len(messages)} to translate\n")
        sys.stdout.writelines(f"  {message}\n" for message in messages)
    return 1 if any(gaps.values()) and arguments == ["check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
