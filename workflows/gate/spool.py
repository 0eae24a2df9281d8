"""Deliveries waiting on disk (tampon): encrypted piece by piece, whole or not there at all."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self, cast
from uuid import UUID

from medcontrol.crypto import ContentTampered, KeyRing, bind
from medcontrol.errors import NotFound
from medcontrol.settings import settings

PIECE = 1024 * 1024
_MAGIC = b"MCS1"
_HEAD = struct.Struct(">BI")  # length of the key id, length of what is encrypted


class SpoolMissing(NotFound):
    """The delivery is no longer, or not yet, in the spool."""

    code = "intake.spool_missing"


def spool_path(batch_id: UUID) -> Path:
    """Return where the delivery of a batch lies."""
    return settings().home_path / "spool" / f"{batch_id}.spool"


class SpoolWriter:
    """Writes a delivery; it can be read once ``close`` returned, and outlives a crash from then."""

    def __init__(self, batch_id: UUID, keys: KeyRing) -> None:
        """Open a hidden file, readable by its owner only."""
        self._path, self._keys, self._batch_id = spool_path(batch_id), keys, batch_id
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hidden = self._path.with_suffix(".part")
        descriptor = os.open(self._hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(_MAGIC)
        self._held = bytearray()
        self._pieces = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._held += chunk
        while len(self._held) >= PIECE:
            self._seal(bytes(self._held[:PIECE]))
            del self._held[:PIECE]

    def close(self) -> None:
        """Write the rest and an empty last piece, make the disk keep it, put it in place."""
        if self._held:
            self._seal(bytes(self._held))
        self._seal(b"")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._hidden.replace(self._path)
        _sync_folder(self._path.parent)

    def discard(self) -> None:
        """Leave nothing on disk, whatever was written or closed."""
        self._file.close()
        self._hidden.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _seal(self, piece: bytes) -> None:
        key_id, blob = self._keys.encrypt(piece, _place(self._batch_id, self._pieces))
        self._file.write(_HEAD.pack(len(key_id), len(blob)) + key_id.encode("ascii"))
        self._file.write(blob)
        self._pieces += 1


class SpoolReader:
    """Reads a delivery from its start, forward only; as much of a stream as ``read_lines`` asks."""

    def __init__(self, batch_id: UUID, keys: KeyRing) -> None:
        """Open the delivery of a batch.

        Raises:
            SpoolMissing: there is none.
        """
        try:
            self._file: BinaryIO = spool_path(batch_id).open("rb")
        except FileNotFoundError:
            raise SpoolMissing(f"no delivery of batch {batch_id}") from None
        self._pieces = _unsealed(self._file, batch_id, keys)
        self._held = b""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes; none at the end.

        Raises:
            ContentTampered: the file was changed or cut.
        """
        if not self._held:
            self._held = next(self._pieces, b"")
        found, self._held = self._held[:size], self._held[size:]
        return found

    def stream(self) -> BinaryIO:
        """Return itself as what ``read_lines`` takes; it only ever calls ``read``."""
        return cast("BinaryIO", self)


def _unsealed(file: BinaryIO, batch_id: UUID, keys: KeyRing) -> Iterator[bytes]:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ContentTampered("the spooled delivery has no header")
    number = 0
    while True:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise ContentTampered("the spooled delivery was cut")
        id_length, length = _HEAD.unpack(head)
        key_id = file.read(id_length).decode("ascii", errors="replace")
        piece = keys.decrypt(key_id, file.read(length), _place(batch_id, number))
        if not piece:
            return
        yield piece
        number += 1


def _place(batch_id: UUID, number: int) -> bytes:
    """Bind a piece to its delivery and place, so that none can be moved or left out."""
    return bind("spool", f"{batch_id}/{number}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
