"""Batches as NDJSON and Parquet: how files are read and decisions given back."""

import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from api.selectivity_bodies import FileIn, Undecided, read_line
from api.selectivity_sealed import Sealed
from medcontrol.intake import FieldError, UnreadableDelivery, read_lines
from selectivity.registry import FEATURES

_MOST_ROWS, _MOST_UNPACKED = 5_000_000, 4 << 30

Numbered = Iterator[tuple[int, FileIn | Undecided]]


def line_files(given: Sealed) -> Numbered:
    """Yield the files of NDJSON, plain or gzip, with their line numbers.

    Raises:
        UnreadableDelivery: the stream is damaged, or a line longer than intake takes.
    """
    for line in read_lines(given.stream()):
        if line.spool is not None:
            raise UnreadableDelivery(f"line {line.no} is too long")
        try:
            yield line.no, read_line(line.raw)
        except Undecided as undecided:
            yield line.no, undecided


def parquet_files(given: Sealed) -> Numbered:
    """Yield the rows of a Parquet file, numbered from 1; see docs/selectivity/standalone.md."""
    table = open_parquet(b"".join(given.pieces()))
    number = 0
    for batch in table.iter_batches(batch_size=2000):
        for row in batch.to_pylist():
            number += 1
            try:
                yield number, _row(row)
            except Undecided as undecided:
                yield number, undecided


def open_parquet(data: bytes) -> pq.ParquetFile:
    """Return a Parquet file that has a column ``message`` and is not made to fill memory.

    Raises:
        UnreadableDelivery: it is none.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(data))
        meta = table.metadata
        unpacked = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
        names = table.schema_arrow.names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableDelivery(f"no Parquet file ({type(error).__name__})") from None
    if meta.num_rows > _MOST_ROWS or unpacked > _MOST_UNPACKED:
        raise UnreadableDelivery("the Parquet file is too large")
    if "message" not in names:
        raise UnreadableDelivery("the Parquet file has no column “message”")
    return table


def _row(row: dict[str, Any]) -> FileIn:
    """Return the file of a row; columns named as history features are its history."""
    raw = row.pop("message")
    data: dict[str, Any] = {}
    history = {}
    for name, value in row.items():
        if value is None:
            continue
        feature = FEATURES.get(name)
        if feature is not None and feature.is_history:
            history[name] = value
        else:
            data[name] = value.isoformat() if isinstance(value, date) else value
    message = raw.encode() if isinstance(raw, str) else raw
    if not isinstance(message, bytes):
        raise Undecided([FieldError("/message", "missing", "Message absent", False)])
    try:
        text = orjson.dumps({**data, "history": history}, default=str)
    except TypeError:
        raise Undecided([FieldError("", "json.unreadable", "Ligne illisible", False)]) from None
    return read_line(b'{"message":' + message + b"," + text[1:])


_SCHEMA = pa.schema([
    ("line", pa.int64()), ("source", pa.string()), ("external_id", pa.string()),
    ("lane", pa.string()), ("level", pa.string()), ("mode", pa.string()),
    ("reasons", pa.list_(pa.string())), ("origins", pa.list_(pa.string())),
    ("matched_rows", pa.list_(pa.string())), ("u", pa.float64()), ("draw", pa.string()),
    ("period", pa.string()), ("inclusion_probability", pa.float64()), ("rule_set", pa.string()),
    ("rule_set_hash", pa.string()), ("engine_version", pa.string()), ("score", pa.float64()),
    ("priority", pa.float64()), ("model", pa.string()), ("cutoff", pa.float64()),
    ("capacity_cell", pa.string()), ("overflow", pa.bool_()), ("features", pa.string()),
    ("medical_features", pa.string()), ("errors", pa.string()),
])  # fmt: skip
_AS_TEXT = ("features", "medical_features", "errors")


def as_parquet(result: Sealed) -> bytes:
    """Return the lines of a result as a Parquet file; what has members of its own is JSON text."""
    out = io.BytesIO()
    with pq.ParquetWriter(out, _SCHEMA, compression="zstd") as writer:
        for piece in result.pieces():
            rows = [_flat(orjson.loads(line)) for line in piece.splitlines()]
            writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
    return out.getvalue()


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    row = {**line.pop("decision", {}), **line}
    if "reasons" in row:
        row["reasons"] = [reason["code"] for reason in row["reasons"]]
    for name in _AS_TEXT:
        if name in row:
            row[name] = json.dumps(row[name], ensure_ascii=False)
    return {name: row.get(name) for name in _SCHEMA.names}
