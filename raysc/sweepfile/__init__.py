"""The sweep file: schema, reading with line numbers, expansion into cells."""

from raysc.settings import Budget, Cell, Component, Initial, Resources, Sample, Train
from raysc.sweepfile.signature import REQUIRED, Parameter, Room, Signature
from raysc.sweepfile.sweep import Sweep
from raysc.sweepfile.sweep_reader import read_sweep

__all__ = [
    "REQUIRED",
    "Budget",
    "Cell",
    "Component",
    "Initial",
    "Parameter",
    "Resources",
    "Room",
    "Sample",
    "Signature",
    "Sweep",
    "Train",
    "read_sweep",
]
