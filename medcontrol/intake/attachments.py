"""Documents inside a message (pièces jointes): decoded, and compared with what is said of them."""

import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from medcontrol.intake.faults import FieldError, fault

_ZIP_BASED = ("application/vnd.openxmlformats-", "application/vnd.oasis.opendocument.")

_TYPES: dict[str, frozenset[str]] = {
    "pdf": frozenset({"application/pdf", "application/x-pdf"}),
    "png": frozenset({"image/png", "image/x-png"}),
    "jpeg": frozenset({"image/jpeg", "image/jpg", "image/pjpeg"}),
    "gif": frozenset({"image/gif"}),
    "tiff": frozenset({"image/tiff", "image/tif", "image/x-tiff"}),
    "bmp": frozenset({"image/bmp", "image/x-ms-bmp"}),
    "webp": frozenset({"image/webp"}),
    "heif": frozenset({"image/heic", "image/heif"}),
    "dicom": frozenset({"application/dicom", "image/dicom"}),
    "rtf": frozenset({"application/rtf", "text/rtf", "text/richtext"}),
    "zip": frozenset({"application/zip", "application/x-zip-compressed", "application/epub+zip"}),
    "gzip": frozenset({"application/gzip", "application/x-gzip"}),
    "ole": frozenset(
        {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
        | {"application/vnd.ms-outlook"}
    ),
}
"""Kind of content → media types that may be said of it."""

_NEEDS_SIGNATURE = frozenset().union(*_TYPES.values())

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"II*\x00", "tiff"),
    (0, b"MM\x00*", "tiff"),
    (0, b"II+\x00", "tiff"),
    (0, b"MM\x00+", "tiff"),
    (8, b"WEBP", "webp"),
    (4, b"ftyphei", "heif"),
    (4, b"ftypmif1", "heif"),
    (128, b"DICM", "dicom"),
    (0, b"{\\rtf", "rtf"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
)
_PDF_WITHIN = 1024  # readers take a PDF whose header stands this far in
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document of a message.

    Attributes:
        meta: the members said of it, without the content.
        content: its bytes, ``None`` when only announced (paper, or sent later).
    """

    meta: dict[str, Any]
    content: bytes | None


def take_attachments(message: dict[str, Any]) -> tuple[list[Attachment], list[FieldError]]:
    """Return the documents of a message, and each disagreement with what is said of them.

    Members that the format refused may be absent; they are not compared.
    """
    taken: list[Attachment] = []
    faults: list[FieldError] = []
    for no, document in enumerate(message.get("documents", ())):
        meta = {name: value for name, value in document.items() if name != "content_base64"}
        encoded = document.get("content_base64")
        content = None if encoded is None else _decode(encoded)
        if encoded is not None:
            faults += _compare(no, meta, content)
        taken.append(Attachment(meta, content))
    return taken, faults


def agrees_with_type(content: bytes, media_type: str) -> bool:
    """Whether a content may be of a media type, as far as its bytes tell.

    ``application/octet-stream`` says nothing, and a type without a known signature is believed
    unless the bytes have another's.

    >>> agrees_with_type(b"%PDF-1.7 ...", "image/png")
    False
    >>> agrees_with_type("Compte rendu".encode(), "text/plain; charset=utf-8")
    True
    """
    said = media_type.partition(";")[0].strip().lower()
    if said == "application/octet-stream":
        return True
    kind = _sniff(content)
    if kind:
        return said in _TYPES[kind] or (kind == "zip" and said.startswith(_ZIP_BASED))
    if said in _TYPES["pdf"]:
        return b"%PDF-" in content[:_PDF_WITHIN]
    if said in _NEEDS_SIGNATURE or said.startswith(_ZIP_BASED):
        return False
    return not _is_textual(said) or _reads_as(said, content)


def _compare(no: int, meta: dict[str, Any], content: bytes | None) -> list[FieldError]:
    """Return where a decoded document differs from what is said of it."""
    at = ("documents", no)
    if content is None:
        return [fault((*at, "content_base64"), "document.not_base64")]
    found = []
    if meta.get("size", len(content)) != len(content):
        found.append(fault((*at, "size"), "document.size_differs", str(len(content))))
    digest = hashlib.sha256(content).hexdigest()
    if meta.get("sha256", digest) != digest:
        found.append(fault((*at, "sha256"), "document.hash_differs"))
    said = meta.get("media_type")
    if said is not None and not agrees_with_type(content, said):
        found.append(fault((*at, "media_type"), "document.type_differs", _name(content)))
    return found


def _decode(encoded: str) -> bytes | None:
    """Return the bytes, ``None`` when this is not base64. Line breaks (MIME) are tolerated."""
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        if not any(mark in encoded for mark in "\r\n"):
            return None
    try:
        return binascii.a2b_base64("".join(encoded.split()), strict_mode=True)
    except ValueError:
        return None


def _sniff(content: bytes) -> str | None:
    """Return the kind of content its first bytes tell, ``None`` when they tell none."""
    for offset, mark, kind in _SIGNATURES:
        if content.startswith(mark, offset):
            return kind
    is_bitmap = content[:2] == b"BM" and content[2:6] == len(content).to_bytes(4, "little")
    return "bmp" if is_bitmap else None


def _name(content: bytes) -> str:
    """Return the media type of a content for people to read, empty when it is not known."""
    kind = _sniff(content)
    return min(_TYPES[kind], key=len) if kind else ""


def _is_textual(said: str) -> bool:
    """Whether a media type promises readable text."""
    return said.startswith("text/") or said.endswith(("xml", "json"))


def _reads_as(said: str, content: bytes) -> bool:
    """Whether a content without signature may be text, XML or JSON, as said."""
    if content.startswith(_UTF16_MARKS):
        return True
    if b"\0" in content:
        return False
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if said.endswith("xml"):
        return start == b"<"
    return not said.endswith("json") or start in b'{["-0123456789tfn'
