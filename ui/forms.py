"""Reading what a form sent: texts without what no column takes, codes, days."""

import re
from collections.abc import Iterable
from datetime import date, time
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from starlette.datastructures import FormData, QueryParams, UploadFile

EnumT = TypeVar("EnumT", bound=StrEnum)
LONGEST = 4_000_000
# No day of a file, a person or a calendar lies outside; sums of days stay within the calendar.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
_MOST_DIGITS = 9  # what an integer column takes

# Control characters but tab and line feed; surrogates can't be stored.
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

Sent = FormData | QueryParams


class Errors(dict[str, str]):
    """Codes of what is wrong by field; templates may ask for a field that is right: None."""

    def __missing__(self, name: str) -> None:
        """Return None."""
        return


def is_clean(text: str) -> bool:
    """Return whether a text holds only characters that a column takes."""
    return _UNWANTED.search(text) is None


def text_of(form: Sent, name: str, longest: int = LONGEST) -> str:
    """Return a field as clean text, trimmed and cut; empty when it was not sent."""
    return _clean(form.get(name), longest)


def texts_of(form: Sent, name: str, longest: int = LONGEST) -> list[str]:
    """Return every value of a field that is not empty."""
    return [text for value in form.getlist(name) if (text := _clean(value, longest))]


def files_of(form: FormData, name: str) -> list[UploadFile]:
    """Return the files of a field that were really chosen."""
    found = (each for each in form.getlist(name) if isinstance(each, UploadFile))
    return [each for each in found if each.filename]


def day_of(form: Sent, name: str) -> date | None:
    """Return a day sent by a date field, None when there is none or it is no day."""
    return as_day(text_of(form, name, 10))


def as_day(text: str) -> date | None:
    """Return an ISO date; None when it is none, no calendar has it or it is out of all bounds."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and FIRST_DAY <= day <= LAST_DAY else None


def hour_of(form: Sent, name: str) -> time | None:
    """Return a local hour sent by a time field, such as 09:30; None when it is none."""
    try:
        hour = time.fromisoformat(text_of(form, name, 8))
    except ValueError:
        return None
    return hour if hour.tzinfo is None else None


def whole_of(form: Sent, name: str) -> int | None:
    """Return a whole number of at most nine digits; None when it is none."""
    return as_whole(text_of(form, name))


def as_whole(text: str) -> int | None:
    """Return a whole number of at most nine digits; None when it is none."""
    is_whole = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_whole else None


def as_uuid(text: str) -> UUID | None:
    """Return an id; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuids_of(form: Sent, name: str) -> list[UUID]:
    """Return the ids of a field, those that are none left out."""
    return _ids(texts_of(form, name, 40))


def uuid_list_of(form: Sent, name: str) -> list[UUID]:
    """Return the ids that one field holds, separated by commas."""
    return _ids(text_of(form, name).split(","))


def _ids(texts: Iterable[str]) -> list[UUID]:
    return [found for text in texts if (found := as_uuid(text)) is not None]


def member_of(form: Sent, name: str, enum: type[EnumT]) -> EnumT | None:
    """Return a member of a closed list, None when another word was sent."""
    text = text_of(form, name, 64)
    return enum(text) if text in {member.value for member in enum} else None


def members_of(form: Sent, name: str, enum: type[EnumT]) -> tuple[EnumT, ...]:
    """Return the members of a closed list that were sent, in the list's order."""
    sent = set(texts_of(form, name, 64))
    return tuple(member for member in enum if member.value in sent)


def is_ticked(form: Sent, name: str) -> bool:
    """Return whether a box was ticked."""
    return text_of(form, name, 8) in ("1", "on", "true")


def _clean(value: object, longest: int) -> str:
    if not isinstance(value, str):
        return ""
    return _UNWANTED.sub("", value.replace("\r\n", "\n"))[:longest].strip()
