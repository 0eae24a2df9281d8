"""``python -m medcontrol.legal``: write what follows from the parameter files."""

from medcontrol.legal.generate import write

write("ma")
