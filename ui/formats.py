"""Dates, money and numbers as people of a language write them."""

from datetime import date, datetime
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from medcontrol.clock import ZONES


class Formats:
    """Formatting for one language; instants are shown in the jurisdiction's zone."""

    def __init__(self, locale: Locale, jurisdiction: str) -> None:
        """Keep the locale and the zone of a jurisdiction (``ma`` or ``lu``)."""
        self.locale = locale
        self.zone = ZONES[jurisdiction]

    def day(self, value: date | None) -> str:
        """12 sept. 2026; a dash when there is none."""
        return "–" if value is None else format_date(value, "d MMM y", locale=self.locale)

    def short_day(self, value: date | None) -> str:
        """12/09; the year is left to the tooltip."""
        return "–" if value is None else format_date(value, "dd/MM", locale=self.locale)

    def numeric_day(self, value: date | None) -> str:
        """12/09/2026."""
        return "–" if value is None else format_date(value, "dd/MM/y", locale=self.locale)

    def weekday(self, value: date) -> str:
        """Ven. 12 sept."""
        return format_date(value, "EEE d MMM", locale=self.locale)

    def full_day(self, value: date) -> str:
        """Vendredi 12 septembre 2026."""
        return format_date(value, "full", locale=self.locale)

    def instant(self, value: datetime | None) -> str:
        """12 sept. 2026 09:41."""
        if value is None:
            return "–"
        return format_datetime(value, "d MMM y HH:mm", tzinfo=self.zone, locale=self.locale)

    def time(self, value: datetime) -> str:
        """09:41."""
        return format_time(value, "HH:mm", tzinfo=self.zone, locale=self.locale)

    def local_date(self, value: datetime) -> date:
        """The civil day of an instant."""
        return value.astimezone(self.zone).date()

    def money(self, cents: int | None, currency: str = "MAD") -> str:
        """1 234,50 MAD; from centimes, exactly."""
        if cents is None:
            return "–"
        amount = Decimal(cents).scaleb(-2)
        return format_currency(amount, currency, "#,##0.00 ¤¤", locale=self.locale)

    def number(self, value: float | Decimal) -> str:
        """1 284."""
        return format_decimal(value, locale=self.locale)

    def size(self, value: int) -> str:
        """A number of bytes, in kB or MB."""
        if value < 1_000_000:
            shown, unit = float(max(1, round(value / 1000))), "digital-kilobyte"
        else:
            shown, unit = round(value / 1e6, 1), "digital-megabyte"
        return format_unit(shown, unit, "short", locale=self.locale)
