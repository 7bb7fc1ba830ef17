"""Closed forms of what a self-consuming loop does, where there are any; one file per family.

Generation t is the model G_t of the rest of raysc, so k = t + 1 models were fitted by then; the iterations 1, 2, ... of
Kazdan et al. 2024 are generations 0, 1, .... Every function takes generations as an integer or an array of them and
gives float64 of that shape. n is the number of real rows, m = floor(lambda n) that of synthetic rows per generation,
n_0 that of the real rows that generation 0 is trained on (``initial.rows``). Where they are left out, both are n.

Expectations are over seeds, real rows included, each seed with its own, drawn independently from the truth. What is
"exact" is so for any number of rows.

Two papers are cited throughout: Bertrand et al. 2023 (arXiv 2310.00429) and Kazdan et al. 2024 (arXiv 2410.16713).
"""

from collections.abc import Sequence

import numpy as np

Generations = int | Sequence[int] | np.ndarray
"""One generation, or several: integers from 0."""
