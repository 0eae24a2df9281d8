"""The only place that asks the machine what time it is."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

ZONES = {"ma": ZoneInfo("Africa/Casablanca"), "lu": ZoneInfo("Europe/Luxembourg")}


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def civil_date(instant: datetime, jurisdiction: str) -> date:
    """Return the calendar day of an instant where the fund sits.

    Casablanca shifts its clocks around Ramadan, so a civil day is never "24 hours".
    """
    return instant.astimezone(ZONES[jurisdiction]).date()
