import numpy as np
import pytest

from raysc.results.thresholds.criterion import contraction_probe, tolerance_probe

STILL = np.zeros((8, 9))
"""Values of controls that stay where they began."""


def affine(rho: float, seeds: int = 8, noise: float = 0.0) -> np.ndarray:
    """Excess e_(t+1) = 1 + rho e_t from 0, float64 (seeds, 9), plus noise."""
    excess = [0.0]
    for _ in range(8):
        excess.append(1 + rho * excess[-1])
    return np.array(excess) + noise * np.random.default_rng(0).standard_normal((seeds, 9))


@pytest.mark.parametrize(("rho", "state"), [(0.5, "stable"), (0.9, "stable"), (1.1, "unstable")])
def test_an_affine_excess_is_judged_by_its_rho(rho: float, state: str) -> None:
    probe = contraction_probe(1.0, range(8), affine(rho, noise=0.01), STILL)
    assert probe.state == state
    assert probe.low < rho < probe.high
    assert probe.margin == pytest.approx(rho - 1, abs=0.02)


def test_a_poor_start_does_not_change_rho() -> None:
    """The state follows x_(t+1) = 1 + rho x_t from a start of its own; the control is at 0 from then on."""
    x = [np.random.default_rng(3).normal(5.0, 2.0, 8)]
    for _ in range(8):
        x.append(1 + 0.9 * x[-1])
    control = np.stack([x[0], *np.zeros((8, 8))], axis=1)
    probe = contraction_probe(1.0, range(8), np.stack(x, axis=1), control)
    assert probe.estimate == pytest.approx(0.9)


def test_rho_of_one_is_undecided() -> None:
    assert contraction_probe(1.0, range(8), affine(1.0, noise=0.1), STILL).state == "undecided"


def test_an_excess_of_noise_is_still() -> None:
    probe = contraction_probe(1.0, range(8), np.random.default_rng(1).standard_normal((8, 9)), STILL)
    assert probe.state == "still"
    assert probe.margin == -1
    assert np.isnan(probe.estimate)


def test_a_diverged_seed_is_unstable() -> None:
    excess = affine(0.5)
    excess[3, -1] = np.inf
    probe = contraction_probe(1.0, range(8), excess, STILL)
    assert probe.state == "unstable"
    assert probe.margin == 1
    assert tolerance_probe(1.0, range(2), np.array([0.1, np.inf]), 1.0, two_sided=False).state == "unstable"


def test_tolerance_compares_the_mean_excess_with_delta() -> None:
    excess = np.array([0.10, 0.12, 0.11, 0.09])
    assert tolerance_probe(1.0, range(4), excess, 0.2, two_sided=False).state == "stable"
    assert tolerance_probe(1.0, range(4), excess, 0.05, two_sided=False).state == "unstable"
    assert tolerance_probe(1.0, range(4), excess, 0.105, two_sided=False).state == "undecided"


def test_an_improvement_is_stable_unless_both_sides_count() -> None:
    excess = np.array([-0.5, -0.52, -0.51])
    assert tolerance_probe(1.0, range(3), excess, 0.2, two_sided=False).state == "stable"
    assert tolerance_probe(1.0, range(3), excess, 0.2, two_sided=True).state == "unstable"


def test_noise_does_not_bias_the_absolute_excess() -> None:
    """The mean of the absolute values is 0.8; that of the values, in the absolute, is near 0."""
    excess = np.random.default_rng(2).standard_normal(400)
    assert tolerance_probe(1.0, range(400), excess, 0.2, two_sided=True).state == "stable"


def test_more_generations_pay_where_the_noise_does_not_grow_with_the_excess() -> None:
    """With rho = 1 the excess is t: noise of one size fades beside it, noise in proportion to it does not."""
    noise, still = np.random.default_rng(5).standard_normal((400, 9)), np.zeros((400, 9))
    excess = affine(1.0, 400)
    assert contraction_probe(1.0, range(400), excess + 0.2 * noise, still).longer_pays
    assert not contraction_probe(1.0, range(400), excess * (1 + 0.1 * noise), still).longer_pays
    assert contraction_probe(1.0, range(400), noise, still).longer_pays, "an excess that is still"
