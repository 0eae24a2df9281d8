"""When files arrive: instants of a day in Morocco (heure légale), and its working days."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from runtime.demo.generator import draws
from runtime.demo.generator.draws import Ints, Keys

ZONE = ZoneInfo("Africa/Casablanca")
_EPOCH = date(1970, 1, 1)
# Portals and senders are busy from 07:00 to 21:59; clocks are changed at night.
_OPENS, _CLOSES = 7 * 3600, 22 * 3600


def to_days(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - _EPOCH).days


def to_date(days: int) -> date:
    """Return the date of so many days since 1970-01-01."""
    return _EPOCH + timedelta(days=days)


def iso_days(days: Ints) -> list[str]:
    """Return ISO 8601 dates of many days since 1970-01-01."""
    found: list[str] = days.astype("datetime64[D]").astype(str).tolist()
    return found


def seconds_of_day(keys: Keys) -> Ints:
    """Return the second of the day at which each file arrives: a morning and an afternoon wave."""
    wave = draws.uniform(keys, "wave")
    spread = sum(draws.uniform(keys, f"spread-{n}") for n in range(3)) / 3 - 0.5
    middle = np.where(wave < 0.58, 10.6, np.where(wave < 0.9, 14.7, 18.5)) * 3600
    return np.clip(middle + spread * 5.5 * 3600, _OPENS, _CLOSES - 1).astype(np.int64)


def instants(day: date, seconds: Ints) -> list[str]:
    """Return RFC 3339 instants with the offset that is law in Casablanca on that day."""
    offsets = [
        datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).isoformat()[-6:]
        for hour in range(24)
    ]
    head = day.isoformat()
    return [
        f"{head}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        f"{offsets[second // 3600]}"
        for second in seconds.tolist()
    ]


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("MA", years=year))


def is_working_day(day: date) -> bool:
    """Return whether agencies are open: Monday to Friday, no public holiday."""
    return day.weekday() < 5 and day not in _holidays_of(day.year)


def volume_of(day: date) -> float:
    """Return how many files arrive compared with a working day; portals never close."""
    if is_working_day(day):
        return 1.0 if day.month != 8 else 0.78
    return 0.12 if day.weekday() == 5 else 0.04


def working_days_after(day: date) -> Iterator[date]:
    """Yield the working days after ``day``."""
    while True:
        day += timedelta(days=1)
        if is_working_day(day):
            yield day
