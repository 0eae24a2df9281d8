"""What a schema cannot say of a message (cohérence).

Nothing else is refused: what is missing for the doctor is the agent's completeness check.
"""

from datetime import UTC, datetime
from typing import Any

from medcontrol.clock import civil_date
from medcontrol.intake.faults import FieldError, fault
from medcontrol.intake.registers import Registers

Message = dict[str, Any]


def incoherences(
    message: Message, received_at: datetime | None, registers: Registers
) -> list[FieldError]:
    """Return every incoherence of a message.

    Args:
        message: follows the format, or has lost the members that do not; what is absent is
            not compared.
        received_at: its instant of receipt, ``None`` when there is none to compare with.
        registers: agencies and flows known today.
    """
    found: list[FieldError] = []
    _compare_with_registers(message, registers, found)
    _compare_amounts(message, found)
    _compare_dates(message, received_at, found)
    return found


def read_instant(text: str) -> datetime | None:
    """Return an RFC 3339 instant in UTC, ``None`` when it does not exist there.

    The format lets through a year 0, a leap second, and years that leave the calendar when
    they are brought to UTC.
    """
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _compare_with_registers(
    message: Message, registers: Registers, found: list[FieldError]
) -> None:
    """Flow, nature and agency must be known; the flow must be open for the jurisdiction."""
    jurisdiction, flow = message.get("jurisdiction"), message.get("flow")
    agency, nature = message.get("agency"), message.get("nature")
    agencies = registers.agencies.get(jurisdiction or "", {})
    if jurisdiction is not None and agency is not None and agency not in agencies:
        found.append(fault(("agency",), "agency.unknown"))
    if flow is None:
        return
    info = registers.flows.get(flow)
    if info is None:
        known = ", ".join(sorted(registers.flows))
        found.append(fault(("flow",), "flow.unknown", known))
        return
    if nature is not None and nature not in info.natures:
        found.append(fault(("nature",), "nature.unknown", ", ".join(sorted(info.natures))))
    if jurisdiction is not None and jurisdiction not in info.open_in:
        is_known = jurisdiction in info.jurisdictions
        code = "flow.not_open" if is_known else "flow.not_of_jurisdiction"
        found.append(fault(("flow",), code))


def _compare_amounts(message: Message, found: list[FieldError]) -> None:
    """The sum of the lines is the amount, line numbers are unique, an amount has a currency."""
    amount = message.get("amount")
    if amount is not None and "currency" not in message:
        found.append(fault(("currency",), "currency.missing"))
    lines = message.get("lines")
    if not lines:
        return
    numbers = [line.get("no") for line in lines]
    if len(set(numbers)) != len(numbers):
        _find_repeated_numbers(numbers, found)
    amounts = [line.get("amount") for line in lines]
    if amount is None or None in amounts:
        return
    if sum(map(_cents, amounts)) != _cents(amount):
        found.append(fault(("amount",), "lines.sum_differs"))


def _find_repeated_numbers(numbers: list[int | None], found: list[FieldError]) -> None:
    """Add the lines whose number an earlier line has."""
    seen: set[int] = set()
    for index, number in enumerate(numbers):
        if number in seen:
            found.append(fault(("lines", index, "no"), "lines.number_repeated"))
        elif number is not None:
            seen.add(number)


def _compare_dates(message: Message, received_at: datetime | None, found: list[FieldError]) -> None:
    """Nobody is born after the civil date of receipt; care does not end before it starts.

    The format ensures real dates written YYYY-MM-DD, so that text compares as dates do.
    """
    if received_at is not None and "jurisdiction" in message:
        for who in ("insured", "beneficiary"):
            if who in message:
                _compare_birth(message, who, received_at, found)
    elif received_at is None and "received_at" in message:
        found.append(fault(("received_at",), "instant.not_real"))
    care = message.get("care")
    if care and "to" in care and "from" in care and care["from"] > care["to"]:
        found.append(fault(("care", "to"), "care.ends_before_start"))


def _compare_birth(
    message: Message, who: str, received_at: datetime, found: list[FieldError]
) -> None:
    """A birth date is not after the civil date of receipt, where the fund sits."""
    born = message[who].get("birth_date")
    if born is None or born < f"{received_at.year - 1:04}":  # nearly everyone: no zone to ask
        return
    try:
        received_on = civil_date(received_at, message["jurisdiction"]).isoformat()
    except OverflowError:  # the last day of year 9999 is over there
        return
    if born > received_on:
        found.append(fault((who, "birth_date"), "birth_date.after_receipt"))


def _cents(amount: str) -> int:
    """Return an amount with two decimals in hundredths.

    >>> _cents("1956.98")
    195698
    """
    return int(amount.replace(".", ""))
