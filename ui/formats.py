"""Dates, money and numbers as people of a language write them."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_day_names
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from medcontrol.clock import ZONES
from medcontrol.rules.checks.case import Figure

_DURATIONS = {
    "days": "duration-day", "weeks": "duration-week", "months": "duration-month",
    "years": "duration-year",
}  # fmt: skip


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

    def day_and_month(self, value: date) -> str:
        """12 sept."""
        return format_date(value, "d MMM", locale=self.locale)

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

    def figure(self, figure: Figure) -> str:
        """A figure of a computed check, in its unit: 12 jours, 3 000,00 MAD, 66 %."""
        value = figure.value
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, str):
            return value
        if figure.unit == "cents":
            return self.money(int(value))
        if figure.unit == "rate":
            return format_percent(Decimal(value).scaleb(-4), "#,##0.##%", locale=self.locale)
        if figure.unit in _DURATIONS:
            return str(format_unit(value, _DURATIONS[figure.unit], locale=self.locale))
        return self.number(Decimal(value))

    def share(self, value: float) -> str:
        """A part of a whole in hundredths, to a tenth: 85,2 %."""
        # A no-break space: the sign never stands alone on a line.
        return f"{self.number(Decimal(str(round(value * 100, 1))))}\u00a0%"

    def number(self, value: float | Decimal) -> str:
        """1 284."""
        return format_decimal(value, locale=self.locale)

    def exact(self, value: Fraction) -> str:
        """925 4/7 (925,57): whole and parts exactly, and about how much that is."""
        whole, rest = divmod(value, 1)
        if not rest:
            return self.number(int(whole))
        about = format_decimal(float(value), "#,##0.00", locale=self.locale)
        return f"{self.number(int(whole))} {rest} ({about})"

    def month(self, value: date) -> str:
        """Mars 2007."""
        return str(format_date(value, "LLLL y", locale=self.locale)).capitalize()

    def short_month(self, value: date) -> str:
        """Sept. 26; the whole name is left to the tooltip."""
        return format_date(value, "MMM yy", locale=self.locale)

    def weekday_letters(self) -> list[tuple[str, str]]:
        """Monday to Sunday, each as a letter and as a word."""
        short = get_day_names("narrow", "stand-alone", self.locale)
        long = get_day_names("wide", "stand-alone", self.locale)
        return [(short[day], long[day]) for day in range(7)]

    def size(self, value: int) -> str:
        """A number of bytes, in kB or MB."""
        if value < 1_000_000:
            shown, unit = float(max(1, round(value / 1000))), "digital-kilobyte"
        else:
            shown, unit = round(value / 1e6, 1), "digital-megabyte"
        return format_unit(shown, unit, "short", locale=self.locale)
