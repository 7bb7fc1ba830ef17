import numpy as np

from raysc.models.closed_form.kernel_sums import log_kernel_sums


def test_log_sums_are_finite_where_every_kernel_underflows() -> None:
    rows = np.zeros((1, 300, 2))
    rows[0, :, 0] = np.linspace(0, 1, 300)
    log_sums = log_kernel_sums(rows, np.array([[20.0, 0.0], [0.5, 0.0]]), 0.01)[0]
    np.testing.assert_allclose(log_sums[0], -(19**2) / 2e-4, rtol=1e-9)
    np.testing.assert_allclose(log_sums[1], np.log(np.exp(-((rows[0, :, 0] - 0.5) ** 2) / 2e-4).sum()), rtol=1e-9)
