"""What an expert is owed for a mission (honoraires d'expertise)."""

from datetime import date

from medcontrol.legal.loading import law
from medcontrol.model import Expert

AGREED = "agreed"


def fee_of(expert: Expert, jurisdiction: str, is_in_person: bool, on: date) -> tuple[int, str]:
    """Return a fee in centimes, and where it comes from: ``agreed``, or parameter and first day.

    Raises:
        ParameterNotInForce: the law of that day holds no fee.
    """
    agreed = expert.in_person_cents if is_in_person else expert.on_file_cents
    if agreed is not None:
        return agreed, AGREED
    path = f"fees.expertise_{'in_person' if is_in_person else 'on_file'}"
    value = law(jurisdiction).decimal(path).at(on)
    return int(value.value * 100), f"{path}@{value.since.isoformat()}"
