"""Documents of files (pièces), stored encrypted under the hash of their content."""

import codecs
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import puremagic

from medcontrol.crypto import CryptoFault, KeyRing, bind
from medcontrol.errors import DomainError, InvalidInput, Kind, NotFound

# As the intake contract says.
MAX_BYTES = 52_428_800
UNKNOWN_TYPE = "application/octet-stream"
# What a browser may be given to show; everything else is only ever downloaded.
VIEWABLE_TYPES = frozenset(
    {"application/pdf", "image/jpeg", "image/png", "image/gif", "image/webp"}
)

_MAGIC = b"MCD1"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class EmptyDocument(InvalidInput):
    """The document holds no byte."""

    code = "document.empty"


class DocumentTooLarge(InvalidInput):
    """The document is larger than the store accepts."""

    code = "document.too_large"


class DocumentNotFound(NotFound):
    """No document is stored under this hash."""

    code = "document.not_found"


class DocumentCorrupt(DomainError):
    """What is stored is not what was put there; restore it from the backup."""

    kind = Kind.UNAVAILABLE
    code = "document.corrupt"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What the store knows of a document; ``sha256`` in small hexadecimal, ``size`` in bytes."""

    sha256: str
    size: int
    media_type: str


class DocumentStore(Protocol):
    """Where documents lie: a folder here; a bucket would be another adapter."""

    def put(self, content: bytes) -> StoredDocument:
        """Store a document and return its hash; the same content twice is stored once.

        When this returns, the document outlives a crash of the machine.

        Raises:
            EmptyDocument, DocumentTooLarge: nothing was stored.
        """
        ...

    def get(self, sha256: str) -> bytes:
        """Return a document's content, checked against its hash.

        Raises:
            DocumentNotFound: none under this hash.
            DocumentCorrupt: what is stored is not what was put there.
            UnknownKey: its key is missing from the key ring.
        """
        ...

    def has(self, sha256: str) -> bool:
        """Return whether a document is stored under this hash."""
        ...

    def reencrypt(self, sha256: str) -> bool:
        """Encrypt a document under the active key; return whether it had another one before."""
        ...

    def digests(self) -> Iterator[str]:
        """Yield the hash of every stored document, in no order; for rotation and checks."""
        ...


class FolderStore:
    """Documents as files below a folder: ``ab/cd/abcd…``, each encrypted by the key ring.

    Files are readable by their owner only and put in place by a rename, so that a reader or a
    crash never sees half a document.
    """

    def __init__(self, root: Path, keys: KeyRing, *, max_bytes: int = MAX_BYTES) -> None:
        self._root, self._keys, self._max_bytes = root, keys, max_bytes

    def put(self, content: bytes) -> StoredDocument:
        """See ``DocumentStore.put``."""
        if not content:
            raise EmptyDocument(field="content")
        if len(content) > self._max_bytes:
            raise DocumentTooLarge(
                f"{len(content)} bytes; the limit is {self._max_bytes}", field="content"
            )
        sha256 = hashlib.sha256(content).hexdigest()
        if not self._is_intact(sha256):
            self._write(sha256, content)
        return StoredDocument(sha256, len(content), sniff_media_type(content))

    def get(self, sha256: str) -> bytes:
        """See ``DocumentStore.get``."""
        return self._read(sha256)[1]

    def has(self, sha256: str) -> bool:
        """See ``DocumentStore.has``."""
        return self._path(sha256).is_file()

    def reencrypt(self, sha256: str) -> bool:
        """See ``DocumentStore.reencrypt``."""
        key_id, content = self._read(sha256)
        if key_id == self._keys.active:
            return False
        self._write(sha256, content)
        return True

    def digests(self) -> Iterator[str]:
        """See ``DocumentStore.digests``."""
        for file in self._root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            if _DIGEST.fullmatch(file.name):
                yield file.name

    def _path(self, sha256: str) -> Path:
        # The hash becomes a path, so nothing but a hash may pass.
        if not _DIGEST.fullmatch(sha256):
            raise DocumentNotFound(field="sha256")
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _is_intact(self, sha256: str) -> bool:
        """Return whether a document is there and can be read; a damaged one is written again."""
        try:
            self._read(sha256)
        except (DocumentNotFound, DocumentCorrupt, CryptoFault):
            return False
        return True

    def _read(self, sha256: str) -> tuple[str, bytes]:
        try:
            stored = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise DocumentNotFound(field="sha256") from None
        magic, length = stored[:4], stored[4:5]
        if magic != _MAGIC or not length:
            raise DocumentCorrupt(f"document {sha256} has no header")
        start = 5 + length[0]
        key_id = stored[5:start].decode("ascii", errors="replace")
        content = self._keys.decrypt(key_id, stored[start:], bind("document", sha256))
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DocumentCorrupt(f"document {sha256} has another hash")
        return key_id, content

    def _write(self, sha256: str, content: bytes) -> None:
        path = self._path(sha256)
        key_id, blob = self._keys.encrypt(content, bind("document", sha256))
        self._make_folders(path.parent)
        temporary = path.with_name(f".{sha256}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + bytes([len(key_id)]) + key_id.encode("ascii"))
                file.write(blob)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def _make_folders(self, folder: Path) -> None:
        """Make missing folders, each made known to the disk by its parent."""
        missing = [f for f in (self._root, folder.parent, folder) if not f.is_dir()]
        for each in missing:
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(each.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-pdf": "application/pdf",
    "image/tif": "image/tiff",
    "application/xml": "text/xml",
    "application/dicom+octet-stream": "application/dicom",
    "image/heic": "image/heif",
}
# Offset, bytes, type. What the fund's documents are; the general library does the rest.
_SIGNATURES = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (128, b"DICM", "application/dicom"),
)
# Names in the directory of a ZIP, which is never compressed.
_OFFICE = "application/vnd.openxmlformats-officedocument"
_IN_ZIP = (
    (b"word/document.xml", f"{_OFFICE}.wordprocessingml.document"),
    (b"xl/workbook.xml", f"{_OFFICE}.spreadsheetml.sheet"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
)
_PLAIN_TEXTS = {"text/plain", "text/csv", "text/markdown", "text/rtf", "application/json"}
_HEAD = 4096
_HTML = re.compile(rb"<\s*(!doctype\s+html|html|head|body|script|iframe|svg|style)[\s>/]", re.I)


def sniff_media_type(content: bytes) -> str:
    """Return the media type that the bytes themselves show; ``UNKNOWN_TYPE`` when they do not.

    Names and what a sender says play no part. Text with markup that a browser could run is
    ``text/html``, whatever else it claims to be.
    """
    for offset, signature, media_type in _SIGNATURES:
        if content[offset : offset + len(signature)] == signature:
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[:4] == b"PK\x03\x04":
        return next((kind for name, kind in _IN_ZIP if name in content), "application/zip")
    if _is_text(content):
        return _text_type(content[:_HEAD])
    try:
        found = puremagic.from_string(content, mime=True)
    except (puremagic.PureError, ValueError):
        return UNKNOWN_TYPE
    return canonical_media_type(found) or UNKNOWN_TYPE


def canonical_media_type(declared: str) -> str:
    """Return a declared media type without parameters, in small letters, aliases resolved."""
    bare = declared.partition(";")[0].strip().lower()
    return _ALIASES.get(bare, bare)


def agrees(declared: str, sniffed: str) -> bool:
    """Return whether what a sender says fits what the bytes show.

    ``application/octet-stream`` claims nothing, so it fits anything. Plain text fits every kind
    of text but markup that a browser could run. All else must be the same type.
    """
    said = canonical_media_type(declared)
    if said in (sniffed, UNKNOWN_TYPE):
        return True
    return sniffed == "text/plain" and said in _PLAIN_TEXTS


def _text_type(head: bytes) -> str:
    if _HTML.search(head):
        return "text/html"
    is_xml = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<?xml")
    return "text/xml" if is_xml else "text/plain"


def _is_text(content: bytes) -> bool:
    """Return whether the head of the content is UTF-8 without control characters."""
    head = content[:_HEAD]
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        return False
    try:
        # A letter that the cut at _HEAD divides is no fault.
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(content) <= _HEAD)
    except UnicodeDecodeError:
        return False
    return True
