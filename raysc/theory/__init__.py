"""Closed-form results for self-consuming loops, one file per family.

Generation t is the model G_t, so k = t + 1 models are fitted by then; the iterations 1, 2, ... of Kazdan et al. 2024
are generations 0, 1, .... Every function takes generations as an integer or an array of integers and returns float64 of
that shape. n is the number of real rows, m = floor(lambda n) the number of synthetic rows per generation, n_0 the
number of real rows for generation 0 (``initial.rows``). m and n_0 default to n.

Expectations are over seeds; each seed has its own real rows, drawn independently from the truth. "Exact" means exact
for any number of rows.

The loops are those of Bertrand et al. 2023 (arXiv 2310.00429) and Kazdan et al. 2024 (arXiv 2410.16713). "Source: for"
marks a result that was derived here for the experiments of that paper and is not printed in it.
tests/theory/test_loop.py compares the results with the loop itself.
"""

from collections.abc import Sequence

import numpy as np

Generations = int | Sequence[int] | np.ndarray
"""One or several generations: integers from 0."""


def counts(n: int, m: int | None, n_0: int | None) -> tuple[int, int]:
    """Return m and n_0, each n if it is None."""
    return n if m is None else m, n if n_0 is None else n_0
