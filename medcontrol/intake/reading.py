"""Lines of a delivery (livraison), plain or gzip, in constant memory; no byte is lost.

A line too long to be held is copied to a spool while it is hashed, so that it can be put in
quarantine whole. A damaged stream gives every line that could be read, then the error.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from medcontrol.errors import InvalidInput

MAX_LINE_BYTES: Final = 80 * 1024 * 1024
"""Longest line that is read, without its line end."""

MAX_SPOOLED_BYTES: Final = 1024 * 1024 * 1024
"""Longest line that is kept at all; beyond it the delivery is refused from there on."""

BOM: Final = b"\xef\xbb\xbf"

_PIECE: Final = 256 * 1024
_HEAD: Final = 1024 * 1024
_SLACK: Final = 64  # line ends and a BOM, which do not count
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BLANKS: Final = b" \t\r\n"


class UnreadableDelivery(InvalidInput):
    """The delivery is damaged; the lines before the damage were read."""

    code = "intake.unreadable_delivery"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a delivery that is not blank.

    Attributes:
        no: its number, from 1; blank lines have numbers too, as in an editor.
        raw: its bytes without line feed; of a spooled line the first MiB only.
        size: its length in bytes, line feed not counted.
        spool: all its bytes, when it is too long to be held. Valid until the next line is
            asked for, then closed.
        spooled_hash: SHA-256 of a spooled line without BOM and line end.
    """

    no: int
    raw: bytes
    size: int
    spool: BinaryIO | None = None
    spooled_hash: bytes | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield all its bytes, a piece at a time."""
        if self.spool is None:
            yield self.raw
            return
        self.spool.seek(0)
        while piece := self.spool.read(_PIECE):
            yield piece


def read_lines(
    stream: BinaryIO, *, make_spool: Callable[[], BinaryIO] = tempfile.TemporaryFile
) -> Iterator[Line]:
    """Yield the lines of a delivery; blank ones, BOM, CRLF and a missing last newline tolerated.

    Args:
        stream: read from where it stands, only forward.
        make_spool: makes the place of a line over ``MAX_LINE_BYTES``. The default is an unnamed
            temporary file; give one that encrypts where disks are not.

    Raises:
        UnreadableDelivery: the gzip stream is cut or corrupt, or a line is over
            ``MAX_SPOOLED_BYTES``. Raised after what could be read was given, the last,
            incomplete line included.
    """
    no = 1
    line = _GrowingLine(make_spool)
    damage: UnreadableDelivery | None = None
    try:
        try:
            for chunk in _without_bom(_plain(stream)):
                *ended, rest = chunk.split(b"\n")
                for piece in ended:
                    line.add(piece)
                    if not line.is_blank:
                        yield line.finish(no)
                    line.clear()
                    no += 1
                line.add(rest)
        except UnreadableDelivery as error:
            damage = error
        if not line.is_blank:
            yield line.finish(no)
    finally:
        line.clear()
    if damage is not None:
        raise damage


class _GrowingLine:
    """The line being read."""

    def __init__(self, make_spool: Callable[[], BinaryIO]) -> None:
        self._make_spool = make_spool
        self._spool: BinaryIO | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self.is_blank = True

    def add(self, piece: bytes) -> None:
        """Append bytes that hold no line feed."""
        if not piece:
            return
        self._size += len(piece)
        self.is_blank = self.is_blank and not piece.strip(_BLANKS)
        if self._spool is None:
            self._parts.append(piece)
            if self._size > MAX_LINE_BYTES + _SLACK:
                self._start_spool()
        else:
            self._write(piece)

    def finish(self, no: int) -> Line:
        """Return the line as it stands."""
        if self._spool is None:
            raw = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            return Line(no, raw, self._size)
        self._spool.flush()
        return Line(no, self._head, self._size, self._spool, self._hash.digest())

    def clear(self) -> None:
        """Begin a new line; the spool of the last one is closed."""
        if self._spool is not None:
            self._spool.close()
        self._spool = None
        self._parts = []
        self._size = 0
        self.is_blank = True

    def _start_spool(self) -> None:
        """Move what was held to a spool."""
        held = b"".join(self._parts)
        self._parts = []
        self._spool = self._make_spool()
        self._head = held[:_HEAD]
        self._hash = hashlib.sha256()
        self._returns = b""  # carriage returns that may turn out to be the line end
        self._write(held, held.removeprefix(BOM))

    def _write(self, piece: bytes, counted: bytes | None = None) -> None:
        """Append to the spool, and to the hash what is not line end."""
        if self._size > MAX_SPOOLED_BYTES:
            raise UnreadableDelivery(f"a line is longer than {MAX_SPOOLED_BYTES} bytes")
        if self._spool is not None:
            self._spool.write(piece)
        counted = self._returns + (piece if counted is None else counted)
        content = counted.rstrip(b"\r")
        self._returns = counted[len(content) :]
        self._hash.update(content)


def _plain(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a stream, unpacked when they begin like gzip."""
    head = b""
    while len(head) < len(_GZIP_MAGIC) and (more := stream.read(_PIECE)):
        head += more
    chunks = _chunks(head, stream)
    return _unpack(chunks) if head.startswith(_GZIP_MAGIC) else chunks


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Yield what was read already, then the rest."""
    if head:
        yield head
    while chunk := stream.read(_PIECE):
        yield chunk


def _without_bom(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Leave out a byte order mark at the very beginning."""
    head: bytes | None = b""
    for chunk in chunks:
        if head is None:
            yield chunk
            continue
        head += chunk
        if len(head) >= len(BOM):
            yield head.removeprefix(BOM)
            head = None
    if head:
        yield head


def _unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the unpacked bytes of one or more gzip members, a bounded piece at a time."""
    member = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        data = chunk
        while data:
            if member.eof:  # tapes and some senders pad with zeros
                data = data.lstrip(b"\0")
                member = zlib.decompressobj(wbits=31) if data else member
                continue
            yield from _inflate(member, data)
            data = member.unused_data
    if not member.eof:
        raise UnreadableDelivery("the gzip stream is cut short")


def _inflate(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Yield what a member makes of data; at a fault, first all that precedes it."""
    while True:
        before = member.copy()
        try:
            piece = member.decompress(data, _PIECE)
        except zlib.error as error:
            yield from _salvage(before, data)
            raise UnreadableDelivery(f"the gzip stream is corrupt ({error})") from None
        if piece:
            yield piece
        data = member.unconsumed_tail
        if member.eof or (not data and len(piece) < _PIECE):
            return


def _salvage(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Yield what precedes a fault, byte by byte: zlib gives nothing of the call that fails."""
    try:
        for no in range(len(data)):
            if piece := member.decompress(data[no : no + 1]):
                yield piece
    except zlib.error:
        return
