import numpy as np
import torch
from scipy.stats import kstest, norm

from raysc.models.diffusion.preconditioning import PRECONDITIONINGS, VpPreconditioning, karras_sigmas

SIGMA = torch.tensor([0.002, 0.1, 0.5, 1.0, 7.0, 80.0])


def test_the_edm_column_of_table_1() -> None:
    c_skip, c_out, c_in, c_noise = (c.numpy() for c in PRECONDITIONINGS["edm"].coefficients(SIGMA))
    sigma = SIGMA.double().numpy()
    np.testing.assert_allclose(c_skip, 0.25 / (sigma**2 + 0.25), rtol=1e-5)
    np.testing.assert_allclose(c_out, sigma * 0.5 / np.sqrt(0.25 + sigma**2), rtol=1e-5)
    np.testing.assert_allclose(c_in, 1 / np.sqrt(sigma**2 + 0.25), rtol=1e-5)
    np.testing.assert_allclose(c_noise, 0.25 * np.log(sigma), rtol=1e-4, atol=1e-6)
    weight = PRECONDITIONINGS["edm"].loss_weight(SIGMA)
    np.testing.assert_allclose(weight, (sigma**2 + 0.25) / (sigma * 0.5) ** 2, rtol=1e-5)
    # The purpose of the preconditioning: the network's own error has the same weight at every noise level.
    np.testing.assert_allclose(weight.numpy() * c_out**2, 1, rtol=1e-4)


def test_the_vp_column_of_table_1() -> None:
    vp = PRECONDITIONINGS["vp"]
    c_skip, c_out, c_in, c_noise = (c.double().numpy() for c in vp.coefficients(SIGMA))
    sigma = SIGMA.double().numpy()
    np.testing.assert_allclose(c_skip, 1)
    np.testing.assert_allclose(c_out, -sigma)
    np.testing.assert_allclose(c_in, 1 / np.sqrt(sigma**2 + 1), rtol=1e-5)
    # c_noise is 999 times the time at which exp(19.9 t^2 / 2 + 0.1 t) - 1 is sigma^2.
    time = c_noise / 999
    np.testing.assert_allclose(np.sqrt(np.expm1(0.5 * 19.9 * time**2 + 0.1 * time)), sigma, rtol=1e-4)
    np.testing.assert_allclose(vp.loss_weight(SIGMA), 1 / sigma**2, rtol=1e-5)


def test_training_draws_the_noise_levels_of_table_1() -> None:
    uniform = torch.from_numpy(np.random.default_rng(0).random(20000, dtype=np.float32))
    log_sigma = PRECONDITIONINGS["edm"].training_sigma(uniform).log().numpy()
    assert kstest(log_sigma, norm(-1.2, 1.2).cdf).pvalue > 0.01
    vp = VpPreconditioning()
    times = vp.time(vp.training_sigma(uniform)).numpy()
    assert kstest(times, "uniform").pvalue > 0.01
    ends = torch.tensor([0.0, 1 - 2**-24])
    for preconditioning in PRECONDITIONINGS.values():
        assert preconditioning.training_sigma(ends).isfinite().all()
        assert (preconditioning.training_sigma(ends) > 0).all()


def test_the_noise_levels_of_sampling_are_those_of_equation_5() -> None:
    sigmas = np.array(karras_sigmas(18))
    index = np.arange(18)
    expected = (80 ** (1 / 7) + index / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    np.testing.assert_allclose(sigmas[:-1], expected, rtol=1e-10)
    assert sigmas[-1] == 0
