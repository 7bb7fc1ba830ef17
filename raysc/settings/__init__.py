"""The settings of sweeps and cells: values of a sweep file after reading, checking and expansion."""

from raysc.settings.base import Component, Settings
from raysc.settings.cell import UNCURATED, CellSettings, Measure, Start, StepsOf
from raysc.settings.coupled_models import GRAPHS, Coupling, Models, RealRows, coupling_value
from raysc.settings.probe import Probe, Scaling
from raysc.settings.run import Keep, Price, Resources, Until
from raysc.settings.sampling import Accept, Guide, Sample
from raysc.settings.search import Search, Tolerance
from raysc.settings.training import LOOP_ONLY, UNKEYED, Budget, Ema, Initial, Ramp, Train

__all__ = [
    "GRAPHS",
    "LOOP_ONLY",
    "UNCURATED",
    "UNKEYED",
    "Accept",
    "Budget",
    "CellSettings",
    "Component",
    "Coupling",
    "Ema",
    "Guide",
    "Initial",
    "Keep",
    "Measure",
    "Models",
    "Price",
    "Probe",
    "Ramp",
    "RealRows",
    "Resources",
    "Sample",
    "Scaling",
    "Search",
    "Settings",
    "Start",
    "StepsOf",
    "Tolerance",
    "Train",
    "Until",
    "coupling_value",
]
