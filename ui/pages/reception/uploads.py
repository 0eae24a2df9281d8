"""Documents sent with a form, kept while the form still has errors.

A browser sends a chosen file once. When another field is wrong, what was sent stays in the
document store, and the form carries its fingerprint with a seal, so that nobody can ask for the
document of somebody else by its fingerprint.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from uuid import UUID

import orjson
from starlette.datastructures import FormData

from ui.forms import files_of, text_of, texts_of
from workflows.definition.catalog import Pack
from workflows.tools import Tools

KEPT = "kept"
DROPPED = "drop"
PREFIX = "piece-"
OTHER = "other"
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A document in the store, as the form will name it."""

    kind: str
    title: str
    media_type: str
    sha256: str
    size: int
    is_medical: bool


def read_uploads(form: FormData, tools: Tools, pack: Pack, user_id: UUID) -> list[Upload]:
    """Return the documents kept from before and those just chosen, which are stored.

    Raises:
        EmptyDocument, DocumentTooLarge: one of them can't be stored.
    """
    dropped = set(texts_of(form, DROPPED, 64))
    kept = [_unseal(text, tools, user_id) for text in texts_of(form, KEPT, 2000)]
    found = [each for each in kept if each is not None and each.sha256 not in dropped]
    for kind in (*pack.meta.pieces, OTHER):
        found += _stored(form, tools, pack, kind)
    return list({(each.kind, each.sha256): each for each in found}.values())


def _stored(form: FormData, tools: Tools, pack: Pack, kind: str) -> Iterable[Upload]:
    piece = pack.meta.pieces.get(kind)
    is_medical = piece is not None and piece.document_class == "medical"
    for sent in files_of(form, PREFIX + kind):
        stored = tools.documents.put(sent.file.read())
        title = text_of(form, "other-title", _LONGEST_TITLE) if kind == OTHER else ""
        name = title or (sent.filename or kind)[:_LONGEST_TITLE]
        yield Upload(kind, name, stored.media_type, stored.sha256, stored.size, is_medical)


def seal(upload: Upload, tools: Tools, user_id: UUID) -> str:
    """Return an upload as text for a hidden field of this person's form."""
    body = orjson.dumps(asdict(upload))
    return urlsafe_b64encode(_mac(body, tools, user_id) + body).decode()


def _unseal(text: str, tools: Tools, user_id: UUID) -> Upload | None:
    try:
        raw = urlsafe_b64decode(text)
    except ValueError:
        return None
    mac, body = raw[:32], raw[32:]
    if not hmac.compare_digest(mac, _mac(body, tools, user_id)):
        return None
    return Upload(**orjson.loads(body))


def _mac(body: bytes, tools: Tools, user_id: UUID) -> bytes:
    key = tools.keys.derive("counter:uploads")
    return hmac.digest(key, user_id.bytes + body, sha256)
