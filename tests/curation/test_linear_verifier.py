import numpy as np
import pytest

from raysc.curation.linear_verifier import LinearVerifier
from raysc.errors import InputError
from raysc.rng import stream


def test_rows_that_a_model_in_the_ball_explains_are_accepted() -> None:
    x = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 4.0], [0.0, 0.0]])
    residuals = np.array([1.4, 1.4, 3.4, 0.5])
    rows = np.column_stack([x, x @ [1.0, -1.0] + residuals])
    verifier = LinearVerifier(centre=(1.0, -1.0), radius=0.5, slack=0.5)
    # Limits: 0.5 |x| + 0.5 = 1.5, 1.0, 3.0, 0.5.
    assert verifier.accept(rows, rows, 4, stream(0, 0, "choose")).tolist() == [0, 3, 0, 3]


def test_other_rows_are_refused() -> None:
    LinearVerifier(0.5).check("points", (4,))
    with pytest.raises(InputError, match=r"linear_verifier reads rows \(x, y\) of points, not images of shape"):
        LinearVerifier(0.5).check("images", (1, 8, 8))
    with pytest.raises(InputError, match=r"curation.centre: 2 coordinates, but x has 3"):
        LinearVerifier((0.5, 1.0)).check("points", (4,))
    with pytest.raises(InputError, match="radius must be a number of at least 0, not -1"):
        LinearVerifier(0.5, radius=-1.0)
