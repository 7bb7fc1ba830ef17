from dataclasses import replace

import numpy as np
import pytest

from raysc.results.profile.curves import PairedCurves
from raysc.results.profile.scaling import scaling_law
from tests.results.profile.conftest import GENERATIONS, Plant


def cells(plant: Plant, exponent: float) -> dict[int, PairedCurves]:
    """Curves of three numbers of rows, with a risk like n^exponent beside a baseline like n^-1."""
    curves = {}
    for rows in (10, 100, 1000):
        planted = plant(np.ones(len(GENERATIONS)))
        curves[rows] = replace(planted, values=planted.values * rows**exponent, baseline=planted.baseline / rows)
    return curves


def test_a_flatter_law_holds_and_a_steeper_one_fails(plant: Plant) -> None:
    judged = scaling_law(cells(plant, -0.3))
    assert (judged.finding, judged.note) == ("holds", "-0.30 against -1.00")
    assert judged.value == pytest.approx(0.7, abs=0.01)
    assert scaling_law(cells(plant, -1.5)).finding == "fails"
    assert scaling_law(cells(plant, -1.0)).finding == "fails"


def test_it_needs_several_numbers_of_rows_and_positive_values(plant: Plant) -> None:
    curves = cells(plant, -0.3)
    assert scaling_law({10: curves[10]}).finding == "not measured"
    below = replace(curves[10], values=-curves[10].values)
    assert scaling_law({**curves, 10: below}).note == "values of at most 0 have no logarithm"
    fewer = replace(curves[10], values=curves[10].values[1:])
    assert scaling_law({**curves, 10: fewer}).finding == "undecided"
    diverged = replace(curves[10], diverged=np.ones(curves[10].diverged.shape, bool))
    assert scaling_law({**curves, 10: diverged}).note == "models diverged"
