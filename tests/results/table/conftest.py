"""Tables of the two small sweeps."""

import pandas as pd
import pytest

from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


@pytest.fixture(scope="module")
def gaussian_table(gaussian_store: tuple[Sweep, Objects]) -> pd.DataFrame:
    """The table of the closed-form sweep; read it only."""
    sweep, objects = gaussian_store
    return load_table(resolve(sweep), objects)


@pytest.fixture(scope="module")
def digits_table(digits_store: tuple[Sweep, Objects]) -> pd.DataFrame:
    """The table of the trained sweep; read it only."""
    sweep, objects = digits_store
    return load_table(resolve(sweep), objects)
