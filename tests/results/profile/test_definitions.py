from dataclasses import replace

import numpy as np
import pytest

from raysc.metrics.core.metric import Column
from raysc.results.profile.curves import PairedCurves
from raysc.results.profile.definitions import DEFINITIONS, Evidence
from raysc.results.profile.estimates import Estimate
from tests.results.profile.conftest import GENERATIONS as T
from tests.results.profile.conftest import Plant

NATS = Column("loss", "lower", "linear", "none", "nats a token", aspect="risk")
VARIANCE = Column("spread", "near", "log", "none", target=1.0, aspect="variance")
COVERED = Column("covered", "higher", "linear", "none", "modes", aspect="modes")
TAIL = Column("tail", "near", "linear", "none", target=1.0, aspect="tails")
OFF = Column("off", "lower", "linear", "none", "share of rows", aspect="invention")
FLAT = np.ones(len(T))


def judge(name: str, curves: PairedCurves, factor: float = 2.0) -> Estimate:
    (definition,) = (entry for entry in DEFINITIONS if entry.name == name)
    return definition.judge(Evidence(curves, {}, factor))


def test_no_interval_of_a_share_exceeds_1() -> None:
    recall = Column("covered", "higher", "linear", "none", "share of rows", aspect="modes", bounds=(0.0, 1.0))
    ends = np.array([[0.04], [0.0], [0.0]])
    curves = PairedCurves(recall, np.array([1]), 0.5 - ends, np.full((3, 1), 0.5), np.zeros((3, 1), bool), "control")
    judged = judge("modes", curves)
    assert judged.value == pytest.approx(ends.mean())
    assert judged.low == pytest.approx(-0.044, abs=1e-3)
    assert judged.high == 1


def test_there_are_eight() -> None:
    assert len(DEFINITIONS) == 8
    assert len({definition.name for definition in DEFINITIONS}) == 8


def test_a_rise_of_three_times_is_catastrophic_by_factor_two_and_not_by_four(plant: Plant) -> None:
    curves = plant(1 + 2 * T / 40)
    judged = judge("catastrophic rise", curves)
    assert (judged.finding, judged.unit) == ("holds", "times the control's")
    assert judged.value == pytest.approx(3, rel=0.02)
    assert judge("catastrophic rise", curves, 4.0).finding == "fails"


def test_a_rise_in_nats_is_a_logarithm(plant: Plant) -> None:
    curves = plant(1 + 0.5 * T / 40, NATS)
    assert judge("catastrophic rise", curves).finding == "fails", "0.5 is below log 2"
    assert judge("catastrophic rise", curves, 1.5).finding == "holds", "and above log 1.5"
    assert judge("any rise", curves).unit == "nats a token above the control's"


def test_a_small_rise_is_a_rise(plant: Plant) -> None:
    assert judge("any rise", plant(1 + 0.1 * T / 40)).finding == "holds"
    assert judge("any rise", plant(1 - 0.1 * T / 40)).finding == "fails"
    assert judge("any rise", plant(FLAT)).finding == "undecided"


def test_a_rise_diverges_or_levels_off(plant: Plant) -> None:
    linear = judge("divergence", plant(1 + 0.1 * T))
    assert (linear.finding, linear.note) == ("holds", "like t")
    assert linear.value == pytest.approx(0.1, rel=0.05)
    logarithmic = judge("divergence", plant(1 + np.log1p(T)))
    assert (logarithmic.finding, logarithmic.note) == ("holds", "like log t")
    assert judge("divergence", plant(2 - 0.7**T)).finding == "fails"


def test_diverged_models_are_a_rise_without_bound(plant: Plant) -> None:
    curves = plant(1 + 0.1 * T)
    diverged = curves.diverged.copy()
    diverged[:3, 20:] = True
    curves = replace(curves, values=np.where(diverged, np.nan, curves.values), diverged=diverged)
    for name in ("catastrophic rise", "any rise", "divergence"):
        judged = judge(name, curves)
        assert (judged.finding, judged.high) == ("holds", np.inf), name
    assert judge("variance", replace(curves, column=VARIANCE)).finding == "undecided"


def test_a_variance_that_decays_goes_to_0_and_one_that_settles_does_not(plant: Plant) -> None:
    falling = judge("variance", plant(0.9**T, VARIANCE))
    assert (falling.finding, falling.note, falling.unit) == ("holds", "still falls", "times the control's")
    assert falling.value == pytest.approx(0.9**40, rel=0.05)
    assert falling.low < falling.value < falling.high
    assert judge("variance", plant(1 / (1 + T), VARIANCE)).finding == "holds"
    settled = judge("variance", plant(0.5 + 0.5 * 0.7**T, VARIANCE))
    assert (settled.finding, settled.note) == ("fails", "levels off")
    assert judge("variance", plant(1.1**T, VARIANCE)).finding == "fails"


def test_a_variance_of_0_has_gone_to_0(plant: Plant) -> None:
    curves = plant(0.9**T, VARIANCE)
    reached = curves.values.copy()
    reached[:15, 25:] = 0
    judged = judge("variance", replace(curves, values=reached))
    assert (judged.finding, judged.low) == ("holds", 0)
    reached[:, 25:] = 0
    assert judge("variance", replace(curves, values=reached)).finding == "holds"


def test_modes_tails_and_invention_are_judged_at_the_end(plant: Plant) -> None:
    lost, kept = 1 - 0.3 * T / 40, 1 + 0.3 * T / 40
    assert judge("modes", plant(lost, COVERED)).finding == "holds"
    assert judge("modes", plant(lost, COVERED)).unit == "modes below the control's"
    assert judge("modes", plant(kept, COVERED)).finding == "fails"
    assert judge("tails", plant(lost, TAIL)).finding == "holds"
    assert judge("tails", plant(kept, TAIL)).finding == "fails", "thicker tails are no loss"
    assert judge("invented data", plant(kept, OFF)).finding == "holds"
    assert judge("invented data", plant(lost, OFF)).finding == "fails"


def test_values_below_0_have_no_ratio(plant: Plant) -> None:
    curves = plant(FLAT)
    curves = replace(curves, values=curves.values - 2)
    judged = judge("catastrophic rise", curves)
    assert (judged.finding, judged.note) == ("undecided", "risk has values below 0, which have no ratio")
