"""A quarantined message as text to correct, without what its reader may not see (correction)."""

from dataclasses import dataclass
from typing import Any

import orjson

from medcontrol.intake.checking import strip_line
from medcontrol.intake.faults import ADMINISTRATIVE

# Too long for a text field, and nothing one could correct there.
_CONTENT = "content_base64"
_KNOWN_MEDICAL = frozenset({"medical", "form"})


@dataclass(frozen=True, slots=True)
class Correctable:
    """A message as a page shows it.

    Attributes:
        text: what may be changed; None when the line is no JSON object and may hold anything.
        hidden: members that are kept as they are, by name, because they may be medical.
        droppable: those of them that the format does not know, which may be left out.
    """

    text: str | None
    hidden: tuple[str, ...] = ()
    droppable: tuple[str, ...] = ()


def correctable(raw: bytes, *, may_read_medical: bool) -> Correctable:
    """Return the part of a line that somebody may read and change."""
    message = _object(raw)
    if message is None:
        text = strip_line(raw).decode("utf-8", "replace") if may_read_medical else None
        return Correctable(text)
    hidden = () if may_read_medical else tuple(k for k in message if k not in ADMINISTRATIVE)
    shown = {key: value for key, value in message.items() if key not in hidden}
    if isinstance(shown.get("documents"), list):
        shown["documents"] = [_bare(each, may_read_medical) for each in shown["documents"]]
    text = orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
    return Correctable(text, hidden, tuple(k for k in hidden if k not in _KNOWN_MEDICAL))


def corrected(
    raw: bytes, text: str, *, may_read_medical: bool, dropped: frozenset[str] = frozenset()
) -> bytes:
    """Return a corrected line: the text, with what it did not show put back from the original.

    Raises:
        ValueError: the text is no JSON object, although the original is one.
    """
    original = _object(raw)
    if original is None:
        return text.encode()
    message = orjson.loads(text)
    if not isinstance(message, dict):
        raise ValueError("the text is no JSON object")
    if not may_read_medical:
        hidden = {k: v for k, v in original.items() if k not in ADMINISTRATIVE}
        message |= {k: v for k, v in hidden.items() if k in _KNOWN_MEDICAL or k not in dropped}
    _put_back(message.get("documents"), original.get("documents"))
    return orjson.dumps(message)


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(strip_line(raw))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _bare(document: Any, may_read_medical: bool) -> Any:
    if not isinstance(document, dict):
        return document
    unseen = {_CONTENT} if may_read_medical else {_CONTENT, "title"}
    return {key: value for key, value in document.items() if key not in unseen}


def _put_back(documents: Any, originals: Any) -> None:
    """Give documents what the text did not show, by their place."""
    if not isinstance(documents, list) or not isinstance(originals, list):
        return
    for document, original in zip(documents, originals, strict=False):
        if isinstance(document, dict) and isinstance(original, dict):
            for key in ("title", _CONTENT):
                if key in original:
                    document.setdefault(key, original[key])
