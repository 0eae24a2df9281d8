"""Rule sets in and out: CSV, XLSX and YAML both ways; DMN, JDM and SQL out (échange).

What comes in passes the readers of YAML, so that no way in is weaker than another.
"""

from selectivity.exchange.csv_files import from_csv, to_csv
from selectivity.exchange.dmn import to_dmn
from selectivity.exchange.jdm import to_jdm
from selectivity.exchange.sheets import Content
from selectivity.exchange.sql import to_sql
from selectivity.exchange.xlsx_files import from_xlsx, to_xlsx
from selectivity.exchange.yaml_files import from_yaml, to_yaml

__all__ = [
    "Content",
    "from_csv",
    "from_xlsx",
    "from_yaml",
    "to_csv",
    "to_dmn",
    "to_jdm",
    "to_sql",
    "to_xlsx",
    "to_yaml",
]
