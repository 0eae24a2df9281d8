"""A delivery cut into chunks, each checked while the one before is at work (tranches)."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from medcontrol.intake import Accepted, Faulty, Line, Registers, UnreadableDelivery, check_line

CHUNK_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """A line with what the check said of it."""

    line: Line
    result: Accepted | Faulty


def checked_chunks(lines: Iterable[Line], size: int, known: Registers) -> Iterator[list[Checked]]:
    """Yield checked chunks; each is checked while the database works on the one before.

    A spooled line is closed when the next one is read, so nothing is read ahead of it.

    Args:
        lines: from ``read_lines``.
        size: lines a chunk, at most; a chunk holds ``CHUNK_BYTES`` at most too.
        known: agencies and flows.

    Raises:
        UnreadableDelivery: the rest can't be read; what was read before was yielded.
    """
    chunks = _chunks(lines, size)

    def check_next() -> list[Checked] | None:
        chunk = next(chunks, None)
        if chunk is None:
            return None
        return [Checked(line, check_line(line, known)) for line in chunk]

    with ThreadPoolExecutor(1, thread_name_prefix="intake-check") as ahead:
        made = check_next()
        while made is not None:
            if made[0].line.spool is not None:
                yield made
                made = check_next()
                continue
            coming = ahead.submit(check_next)
            yield made
            made = coming.result()


def _chunks(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Yield chunks bounded by count and by bytes; a spooled line stands alone.

    When the rest of a delivery can't be read, what was read before comes first.
    """
    chunk: list[Line] = []
    weight = 0
    try:
        for line in lines:
            if chunk and (weight + line.size > CHUNK_BYTES or len(chunk) >= size):
                yield chunk
                chunk, weight = [], 0
            chunk.append(line)
            weight += line.size
            if line.spool is not None:  # closes when the next line is read
                yield chunk
                chunk, weight = [], 0
    except UnreadableDelivery:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
