"""Where batches of the engine's own service stand on disk: unnamed files that nobody else reads."""

import io
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

from medcontrol.crypto import KeyRing


class Sealed:
    """Bytes in an unnamed file, encrypted under a key of this process; written, then read."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the job
        self._pieces: list[tuple[str, int, int]] = []
        self._lock = threading.Lock()
        self._end = 0
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append a piece."""
        key_id, sealed = self._keys.encrypt(data, b"selectivity:batch")
        with self._lock:
            self._file.seek(self._end)
            self._file.write(sealed)
            self._pieces.append((key_id, self._end, len(sealed)))
            self._end += len(sealed)
        self.size += len(data)

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces as they were written."""
        for key_id, start, size in list(self._pieces):
            with self._lock:
                self._file.seek(start)
                sealed = self._file.read(size)
            yield self._keys.decrypt(key_id, sealed, b"selectivity:batch")

    def stream(self) -> io.BufferedReader:
        """Return all of it as a stream."""
        return io.BufferedReader(_Pieces(self.pieces()))

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


class _Pieces(io.RawIOBase):
    """A stream over pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
