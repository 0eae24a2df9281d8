"""What commands say: tables for people, one JSON object for programs, sentences on stderr."""

import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.table import Table

from medcontrol.clock import civil_date, utc_now
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings

_NAMED = 20
_WIDTH_OF_PIPES = 240  # so that ids are not cut

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]
Partial = Annotated[
    bool, typer.Option("--partial", help="Save the good lines although others are wrong.")
]


def console() -> Console:
    """Return the terminal for results; made late, so that tests and pipes get theirs."""
    found = Console(highlight=False)
    if not found.is_terminal:
        found.width = _WIDTH_OF_PIPES
    return found


def say(sentence: str) -> None:
    """Tell a result in one line."""
    sys.stdout.write(f"{sentence}\n")


def warn(sentence: str) -> None:
    """Tell something on the side, where a pipe does not take it."""
    sys.stderr.write(f"medcontrol: {sentence}\n")


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Say why it did not work, and end."""
    warn(sentence)
    raise SystemExit(code)


def say_json(value: Any) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """Print rows under headings; nothing of them is read as markup."""
    table = Table(*columns, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console().print(table)


def name_some(sentences: Sequence[str]) -> None:
    """Say which things are meant, the first ones; the JSON object names all of them."""
    for sentence in sentences[:_NAMED]:
        say(sentence)
    if len(sentences) > _NAMED:
        say(f"… and {len(sentences) - _NAMED} more (--json names all)")


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text.replace("[", r"\[")


def today() -> date:
    """Return the civil day where the fund sits."""
    return civil_date(utc_now(), settings().jurisdiction)


def read_day(text: str, option: str) -> date:
    """Return a day written as 2026-11-20.

    Raises:
        InvalidInput: it is none.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a civil day has no zone
    except ValueError:
        raise InvalidInput(f"{option}: {text!r} is no day such as 2026-11-20") from None


def read_file(path: str) -> bytes:
    """Return a file's bytes, or what comes in on ``-``.

    Raises:
        InvalidInput: it can't be read; says why.
    """
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:  # noqa: PTH123 - the error then names what was typed
            return file.read()
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}") from None
