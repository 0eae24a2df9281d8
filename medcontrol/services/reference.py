"""The reference data that a fresh installation starts with: units of the fund."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from medcontrol.model import Unit
from medcontrol.reference.places import agencies, regions
from medcontrol.vocabulary import ControlLevel

CENTRAL_UNITS = {
    "ma": ("MA-CENTRAL", "Direction centrale du contrôle médical"),
    "lu": ("LU-CENTRAL", "Caisse nationale de santé"),
}


def load_reference_data(session: Session, jurisdiction: str) -> int:
    """Bring in the central body, regions and agencies; what is there already stays as it is.

    Returns:
        How many units were added.
    """
    code, name = CENTRAL_UNITS[jurisdiction]
    rows = [_unit(jurisdiction, code, name, ControlLevel.CENTRAL, None)]
    rows += [
        _unit(jurisdiction, region.code, region.name_fr, ControlLevel.REGIONAL, code)
        for region in regions(jurisdiction).values()
    ]
    rows += [
        _unit(jurisdiction, agency.code, agency.name_fr, ControlLevel.LOCAL, agency.region)
        for agency in agencies(jurisdiction).values()
    ]
    statement = insert(Unit).on_conflict_do_nothing().returning(col(Unit.code))
    return len(session.execute(statement, rows).all())


def _unit(
    jurisdiction: str, code: str, name: str, level: ControlLevel, parent: str | None
) -> dict[str, object]:
    return {
        "code": code,
        "jurisdiction": jurisdiction,
        "level": level,
        "name": name,
        "parent_code": parent,
        "is_active": True,
    }


def agency_regions(session: Session) -> dict[str, dict[str, str]]:
    """Return region by agency, by jurisdiction, of the active agencies: what intake knows."""
    rows = session.execute(
        sa.select(col(Unit.jurisdiction), col(Unit.code), col(Unit.parent_code)).where(
            col(Unit.level) == ControlLevel.LOCAL, col(Unit.is_active)
        )
    )
    found: dict[str, dict[str, str]] = {}
    for jurisdiction, code, region in rows:
        found.setdefault(str(jurisdiction), {})[code] = region
    return found
