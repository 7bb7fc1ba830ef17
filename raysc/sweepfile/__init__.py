"""The sweep file: schema, reading with line numbers, expansion into cells."""

from raysc.sweepfile.read import read_sweep
from raysc.sweepfile.settings import Budget, Cell, Component, Ema, Initial, Measure, Resources, Sample, Start, Train
from raysc.sweepfile.signature import REQUIRED, Catalogue, Parameter, Room, Signature
from raysc.sweepfile.sweep import Sweep

__all__ = [
    "REQUIRED",
    "Budget",
    "Catalogue",
    "Cell",
    "Component",
    "Ema",
    "Initial",
    "Measure",
    "Parameter",
    "Resources",
    "Room",
    "Sample",
    "Signature",
    "Start",
    "Sweep",
    "Train",
    "read_sweep",
]
