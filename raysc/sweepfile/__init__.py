"""The sweep file: grammar, reading with line numbers, expansion into cells."""

from raysc.settings import Budget, CellSettings, Component, Initial, Resources, Sample, Train
from raysc.sweepfile.signature import REQUIRED, ComponentKind, Parameter, Signature
from raysc.sweepfile.sweep import Sweep
from raysc.sweepfile.sweep_reader import read_probes, read_sweep, read_sweep_mapping, read_sweep_text

__all__ = [
    "REQUIRED",
    "Budget",
    "CellSettings",
    "Component",
    "ComponentKind",
    "Initial",
    "Parameter",
    "Resources",
    "Sample",
    "Signature",
    "Sweep",
    "Train",
    "read_probes",
    "read_sweep",
    "read_sweep_mapping",
    "read_sweep_text",
]
