"""The files whose forms are looked at: one of each flow and nature; nobody in them exists."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from medcontrol.reference.flows import flows


@dataclass(frozen=True)
class Sample:
    """A file to look at: its message, and the steps that lead to the form."""

    flow: str
    nature: str
    lines: tuple[tuple[str, str, str], ...] = ()  # act, quantity, amount
    form: dict[str, Any] = field(default_factory=dict)
    teeth: tuple[str, ...] = ()
    walk: tuple[str, ...] = ()

    @property
    def care(self) -> str:
        """First day of care: to come where it is asked for, past where it is claimed."""
        return "2026-11-09" if self.nature in ("reimbursement", "invoice") else "2026-12-07"

    @property
    def name(self) -> str:
        """Name of its pictures."""
        return f"{self.flow}-{self.nature}" + ("-examination" if self.walk else "")


_SESSIONS = (("AMI4", "20", "1200.00"), ("C2", "1", "250.00"))
_STAY = (("HOSP-CHIR", "6", "48200.00"), ("CHIMIO", "2", "9300.00"))
_TEETH = (("DP60", "1", "2100.00"), ("D20", "1", "350.00"))
_PILLS = (("MED-2201", "3", "15900.00"), ("MED-1005", "1", "1180.00"))
SAMPLES = (
    Sample("ald", "first"),
    Sample("ambulatory", "reimbursement", _SESSIONS),
    Sample("ambulatory", "authorisation", _SESSIONS),
    Sample("hospital", "authorisation", _STAY),
    Sample("hospital", "invoice", _STAY),
    Sample("dental", "authorisation", _TEETH, {}, ("26", "15")),
    Sample("dental", "orthodontics", (("D20", "1", "3200.00"),), {}, ("13",)),
    Sample("dental", "reimbursement", _TEETH, {}, ("26", "15"), ("summon", "booked")),
    Sample("medicines", "authorisation", _PILLS),
    Sample("medicines", "renewal", _PILLS),
    Sample("care_abroad", "authorisation", (("ABROAD-1", "1", "180000.00"),)),
    Sample("conventional", "opening"),
    Sample("sick_leave", "first", (), {"contribution_days": 96}),
    Sample("sick_leave", "prolongation", (), {"contribution_days": 96}),
    Sample(
        "invalidity",
        "first",
        (),
        {
            "incapacity_since": "2026-03-02",
            "insured_days": 3900,
            "insured_days_last_year": 190,
        },
        (),
        ("booked",),
    ),
    Sample("disability", "first", (), {"card_issued_on": "2021-04-12"}, (), ("complete", "booked")),
)


def message(sample: Sample) -> dict[str, Any]:
    """Return the intake message of a sample; nobody in it exists."""
    lines = [
        {"no": no, "act": act, "quantity": quantity, "amount": amount, "date": sample.care}
        | ({"tooth": sample.teeth[no - 1]} if sample.teeth else {})
        for no, (act, quantity, amount) in enumerate(sample.lines, start=1)
    ]
    paid = {"lines": lines, "currency": "MAD", "amount": _total(sample)} if lines else {}
    return {
        "external_id": f"G-{sample.name}", "flow": sample.flow, "nature": sample.nature,
        "scheme": flows()[sample.flow].scheme.value,
        "care": {"from": sample.care, "to": _week_later(sample.care)},
        "authorisation": "PEC-77202",
        "provider": {"id": "999200141", "kind": "clinic", "name": "Clinique des Orangers"},
        "form": sample.form or {"declared_by": "treating_doctor"},
        "control": {"required": True, "mode": "on_file"},
    } | paid  # fmt: skip


def _week_later(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=6)).isoformat()


def _total(sample: Sample) -> str:
    return f"{sum(float(amount) for _, _, amount in sample.lines):.2f}"
