"""A believable fund, invented: people, professionals, files of a day, staff, fifteen months past.

Pure and seeded: no database, no clock, no network. The same arguments give the same bytes.
``runtime.demo.generator.fund.Fund`` is the way in; ``docs/demo-data.md`` says what is inside.
"""

from runtime.demo.generator.fund import Fund

__all__ = ["Fund"]
