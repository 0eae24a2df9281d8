"""``python -m medcontrol.legal``: write what follows from the parameter files."""

from medcontrol.legal.generate import JURISDICTIONS, write

for jurisdiction in JURISDICTIONS:
    write(jurisdiction)
