"""Deliveries are read line by line, whatever their packing, and no byte is lost."""

import gzip
import hashlib
import io
import tracemalloc

import pytest

from medcontrol.intake import Faulty, UnreadableDelivery, check_line, reading
from medcontrol.intake.reading import read_lines
from tests.intake_examples import REGISTERS


class Trickle(io.BytesIO):
    """A stream that gives one byte at a time, as slow networks do."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1 if size else 0)


def numbered(data: bytes) -> list[tuple[int, bytes]]:
    return [(line.no, line.raw) for line in read_lines(io.BytesIO(data))]


def salvaged(data: bytes) -> tuple[list[bytes], str]:
    lines = []
    with pytest.raises(UnreadableDelivery) as caught:
        lines.extend(line.raw for line in read_lines(io.BytesIO(data)))
    return lines, str(caught.value)


@pytest.fixture
def short_limit(monkeypatch):
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(reading, "_HEAD", 10)
    return 1000


def test_blank_lines_bom_crlf_and_a_missing_last_newline_are_tolerated():
    data = b"\xef\xbb\xbfone\r\n\r\n \t\n\ntwo\nthree"

    assert numbered(data) == [(1, b"one\r"), (5, b"two"), (6, b"three")]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b" \n\t"])
def test_a_delivery_of_nothing_has_no_lines(data):
    assert numbered(data) == []
    assert numbered(gzip.compress(data)) == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_stream_that_gives_one_byte_at_a_time_is_read_alike(pack):
    data = pack(b"\xef\xbb\xbfone\n\ntwo\r\n")

    assert [line.raw for line in read_lines(Trickle(data))] == [b"one", b"two\r"]


def test_a_line_that_begins_with_a_few_bytes_of_a_bom_keeps_them():
    assert numbered(b"\xef\xbb") == [(1, b"\xef\xbb")]


def test_gzip_of_several_members_with_padding_is_one_delivery():
    data = gzip.compress(b"one\ntw") + gzip.compress(b"o\n") + b"\0" * 700_000

    assert numbered(data) == [(1, b"one"), (2, b"two")]


def test_cut_gzip_gives_what_could_be_read_and_then_says_so():
    text = b"\n".join(hashlib.sha256(bytes([no])).hexdigest().encode() for no in range(200))
    packed = gzip.compress(text)

    lines, why = salvaged(packed[: len(packed) // 2])

    assert "cut short" in why
    assert len(lines) > 50
    assert text.startswith(b"\n".join(lines))


def test_corrupt_gzip_gives_what_precedes_the_fault_and_then_says_so():
    blocks = [hashlib.sha512(bytes([no % 256, no // 256])).hexdigest() for no in range(20_000)]
    text = "\n".join(blocks).encode()
    packed = bytearray(gzip.compress(text, mtime=0))
    middle = len(packed) // 2
    packed[middle : middle + 2000] = b"\xff" * 2000

    lines, why = salvaged(bytes(packed))

    assert "corrupt" in why
    assert len(lines) > 8_000
    assert [line.decode() for line in lines[:8_000]] == blocks[:8_000]


def test_gzip_followed_by_something_else_gives_its_lines_and_then_says_so():
    assert salvaged(gzip.compress(b"one\ntwo\n") + b"rubbish")[0] == [b"one", b"two"]


@pytest.mark.parametrize("end", [b"", b"\r", b"\n", b"\r\n"])
def test_a_line_too_long_to_hold_is_spooled_whole_and_hashed_without_its_end(short_limit, end):
    long = b"0123456789" * 50_000
    head, line = list(read_lines(io.BytesIO(b"first\n" + long + end)))[:1], None

    for line in read_lines(io.BytesIO(b"first\n" + long + end)):
        if line.no == 2:
            kept = b"".join(line.pieces())
            result = check_line(line, REGISTERS)

    assert head[0].raw == b"first"
    assert kept == long + end.strip(b"\n")
    assert line is not None
    assert (line.raw, line.size) == (long[:10], len(kept))
    assert isinstance(result, Faulty)
    assert [error.code for error in result.errors] == ["line.too_long"]
    assert result.bytes_hash == hashlib.sha256(long).digest()


def test_the_spool_is_closed_when_the_next_line_is_asked_for(short_limit):
    spools = []

    def make_spool():
        spools.append(io.BytesIO())
        return spools[-1]

    data = b"x" * 3000 + b"\nshort\n" + b"y" * 3000
    lines = read_lines(io.BytesIO(data), make_spool=make_spool)
    open_now = [[spool.closed for spool in spools] for _ in lines]

    assert open_now == [[False], [True], [True, False]]
    assert spools[1].closed


def test_a_line_without_end_stops_the_delivery_after_what_was_read(short_limit, monkeypatch):
    monkeypatch.setattr(reading, "MAX_SPOOLED_BYTES", 400_000)
    endless = gzip.compress(b"one\n" + b"x" * 5_000_000)

    lines, why = salvaged(endless)

    assert lines == [b"one", b"x" * 10]
    assert "longer than" in why


def test_memory_does_not_grow_with_the_delivery():
    line = b'{"a":"' + b"x" * 1000 + b'"}\n'
    packed = gzip.compress(line * 60_000, 1)

    tracemalloc.start()
    count = sum(1 for _ in read_lines(io.BytesIO(packed)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 60_000
    assert peak < 4 * 1024 * 1024
