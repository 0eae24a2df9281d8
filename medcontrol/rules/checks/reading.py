"""What stands in a form, as the numbers and days that checks count with."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any


def whole(value: Any) -> int | None:
    """Return a whole number of a form, whether stored as such or still as it was typed."""
    number = decimal(value)
    return int(number) if number is not None and number == int(number) else None


def decimal(value: Any) -> Decimal | None:
    """Return a number of a form, exactly; a decimal comma counts as a point."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def day(value: Any) -> date | None:
    """Return a day of a form (YYYY-MM-DD)."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def rows(value: Any) -> list[dict[str, Any]]:
    """Return the rows of a table of a form; what is no row is left out."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
