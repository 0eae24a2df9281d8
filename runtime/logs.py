"""Logs of the processes: one line an event, codes and ids, never names or content."""

import logging
import sys
import traceback
from types import TracebackType

import orjson

#: Members of every record; ``data`` is what Celery adds to its own.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data"}
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Time, level, logger, event, then the extra members as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; a traceback follows it."""
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line = (
            f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')} {record.levelname} "
            f"{record.name} {record.getMessage()}"
        )
        if extra:
            line += " " + orjson.dumps(extra, default=str).decode()
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - the library's name
        """Return where it happened and the kind of error; its text may quote a person's row."""
        kind, _, place = ei
        return "".join(traceback.format_tb(place)) + (kind.__name__ if kind else "")


def set_up_logs(level: int = logging.INFO) -> None:
    """Send the logs of this process to standard error; the libraries' chatter stays away."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (
        "httpx",
        "httpcore",
        "celery.worker.strategy",
        "celery.app.trace",
        "celery.beat",
        "kombu",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
