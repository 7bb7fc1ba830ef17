import numpy as np

from raysc.models.closed_form.whitening import whitening_matrices


def test_the_product_is_the_pseudo_inverse_at_full_and_lower_rank() -> None:
    draws = np.random.default_rng(0)
    for count in (1, 4, 7, 8, 30):
        x = draws.normal(size=(3, count, 7))
        gram = np.matmul(x.transpose(0, 2, 1), x)
        whitening = whitening_matrices(gram)
        product = np.matmul(whitening.transpose(0, 2, 1), whitening)
        np.testing.assert_allclose(product, np.linalg.pinv(gram, hermitian=True), rtol=1e-6, atol=1e-9)


def test_nan_identity_and_zero_are_their_own_whitening_matrices() -> None:
    gram = np.stack([np.full((2, 2), np.nan), np.eye(2), np.zeros((2, 2))])
    np.testing.assert_array_equal(whitening_matrices(gram), gram)
