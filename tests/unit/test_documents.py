import hashlib
import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from medcontrol.crypto import ContentTampered, KeyRing, UnknownKey
from medcontrol.documents import (
    DocumentCorrupt,
    DocumentNotFound,
    DocumentStore,
    DocumentTooLarge,
    EmptyDocument,
    FolderStore,
    agrees,
    sniff_media_type,
)

OFFICE = "application/vnd.openxmlformats-officedocument"
PDF = b"%PDF-1.7\nCompte rendu : coronaropathie\n%%EOF\n"


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing.in_memory()


@pytest.fixture
def store(tmp_path, keys) -> FolderStore:
    return FolderStore(tmp_path / "documents", keys)


def stored_file(tmp_path: Path, sha256: str) -> Path:
    return tmp_path / "documents" / sha256[:2] / sha256[2:4] / sha256


def zip_with(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


def test_a_document_is_stored_under_its_hash_and_read_back(store: DocumentStore):
    stored = store.put(PDF)

    assert stored.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (stored.size, stored.media_type) == (len(PDF), "application/pdf")
    assert store.get(stored.sha256) == PDF
    assert store.has(stored.sha256)
    assert list(store.digests()) == [stored.sha256]


def test_nothing_lies_in_the_clear_and_only_the_owner_reads(store, tmp_path):
    before = os.umask(0)
    try:
        file = stored_file(tmp_path, store.put(PDF).sha256)
    finally:
        os.umask(before)

    assert b"coronaropathie" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "documents").stat().st_mode) == 0o700
    assert [f.name for f in file.parent.iterdir()] == [file.name]


def test_the_same_content_twice_is_one_document(store, tmp_path):
    first = store.put(PDF)
    written = stored_file(tmp_path, first.sha256).stat().st_mtime_ns

    assert store.put(PDF) == first
    assert stored_file(tmp_path, first.sha256).stat().st_mtime_ns == written
    assert len(list(store.digests())) == 1


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1] + b"!", lambda b: b[:40], lambda _: b"", lambda _: b"junk"]
)
def test_a_damaged_document_is_noticed_and_can_be_put_again(store, tmp_path, damage):
    sha256 = store.put(PDF).sha256
    file = stored_file(tmp_path, sha256)
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises((DocumentCorrupt, ContentTampered)):
        store.get(sha256)
    store.put(PDF)

    assert store.get(sha256) == PDF


def test_a_document_moved_under_another_hash_is_refused(store, tmp_path):
    one, other = store.put(PDF).sha256, store.put(PDF + b"2").sha256
    stored_file(tmp_path, one).replace(stored_file(tmp_path, other))

    with pytest.raises(ContentTampered):
        store.get(other)


@pytest.mark.parametrize("sha256", ["0" * 64, "", "../../keys.json", "A" * 64, "0" * 64 + "\n"])
def test_a_hash_without_document_or_that_is_none_is_not_found(store, sha256):
    with pytest.raises(DocumentNotFound):
        store.get(sha256)


def test_an_empty_and_a_too_large_document_are_refused(tmp_path, keys):
    small = FolderStore(tmp_path, keys, max_bytes=10)

    with pytest.raises(EmptyDocument):
        small.put(b"")
    with pytest.raises(DocumentTooLarge, match="11 bytes; the limit is 10"):
        small.put(b"x" * 11)
    assert small.put(b"x" * 10).size == 10


def test_after_a_rotation_documents_move_to_the_new_key(store, keys, tmp_path):
    sha256 = store.put(PDF).sha256
    keys.rotate()
    before = stored_file(tmp_path, sha256).read_bytes()

    assert store.reencrypt(sha256) is True
    assert store.reencrypt(sha256) is False
    assert store.get(sha256) == PDF
    assert stored_file(tmp_path, sha256).read_bytes() != before


def test_a_document_of_a_lost_key_says_so(store, keys, tmp_path):
    keys.rotate()
    sha256 = store.put(PDF).sha256

    with pytest.raises(UnknownKey):
        FolderStore(tmp_path / "documents", KeyRing.in_memory()).get(sha256)


def test_a_write_that_fails_leaves_nothing_behind(store, tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("medcontrol.documents.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            store.put(PDF)
    folders = [f for f in (tmp_path / "documents").rglob("*") if f.is_file()]

    assert folders == []
    assert store.get(store.put(PDF).sha256) == PDF


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png"),
        (b"GIF89a....", "image/gif"),
        (b"II*\x00\x08\x00", "image/tiff"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00" * 128 + b"DICM", "application/dicom"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "image/heif"),
        ("Bilan joint, état stable\n".encode(), "text/plain"),
        ("é".encode() * 3000, "text/plain"),
        (b"a" + "é".encode() * 3000, "text/plain"),  # cut in the middle of a letter
        (b'\xef\xbb\xbf<?xml version="1.0"?><a/>', "text/xml"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"hello <script>alert(1)</script>", "text/html"),
        (b'<?xml version="1.0"?><svg onload="x">', "text/html"),
        (zip_with("word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
        (zip_with("a.txt"), "application/zip"),
        (b"\x80", "application/octet-stream"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"hello \xc3", "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_type_is_what_the_bytes_show(content, media_type):
    assert sniff_media_type(content) == media_type


@pytest.mark.parametrize(
    ("declared", "sniffed", "fits"),
    [
        ("application/pdf", "application/pdf", True),
        ("Image/JPG", "image/jpeg", True),
        ("text/plain; charset=utf-8", "text/plain", True),
        ("text/csv", "text/plain", True),
        ("application/octet-stream", "application/pdf", True),
        ("application/pdf", "image/png", False),
        ("application/pdf", "text/html", False),
        ("text/plain", "text/html", False),
        ("text/html", "text/plain", False),
        ("application/pdf", "application/octet-stream", False),
    ],
)
def test_what_is_said_must_fit_what_the_bytes_show(declared, sniffed, fits):
    assert agrees(declared, sniffed) is fits
