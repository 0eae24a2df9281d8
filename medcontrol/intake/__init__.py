"""Intake of files from other systems (réception): the pure part, from bytes to messages."""

from medcontrol.intake.checking import Accepted, check, check_line, hash_bytes
from medcontrol.intake.faults import Faulty, FieldError
from medcontrol.intake.reading import Line, UnreadableDelivery, read_lines
from medcontrol.intake.registers import FlowInfo, Registers, known_flows

__all__ = [
    "Accepted",
    "Faulty",
    "FieldError",
    "FlowInfo",
    "Line",
    "Registers",
    "UnreadableDelivery",
    "check",
    "check_line",
    "hash_bytes",
    "known_flows",
    "read_lines",
]
