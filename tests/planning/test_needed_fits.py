from collections.abc import Callable

import pytest

from raysc.planning.needed_fits import needed_fits
from raysc.planning.resolved import resolve
from raysc.sweepfile import Sweep

TEXT = """\
name: coupled
data: {name: gaussian, dim: 1, rows: 24}
model: {name: flow_matching, width: 8, depth: 1}
models: {count: 3, reads: [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]}
initial: {steps: 2}
loop: {generations: 3, budget: {steps: 2}}
train: {batch: 8}
space: {regime: replace}
seeds: 1
metrics: [feature_variance]
control: false
"""


@pytest.mark.parametrize(
    ("lost_states", "lost_rows", "fits"),
    [
        ((), (), [(3, 0)]),
        ((), (2,), [(2, 0), (2, 1), (3, 0)]),
        ((), (1,), [(3, 0)]),
        ((1, 2), (), [(1, 0), (2, 0), (3, 0)]),
        ((2,), (1,), [(1, 0), (1, 1), (2, 0), (3, 0)]),
    ],
)
def test_models_are_trained_again_where_their_states_or_rows_are_lost(
    lost_states: tuple[int, ...], lost_rows: tuple[int, ...], fits: list[tuple[int, int]],
    make_sweep: Callable[..., Sweep],
) -> None:  # fmt: skip
    """Model 0 reads itself and model 1. It does not read model 2, which is not trained again."""
    cells = resolve(make_sweep(TEXT)).cells
    assert needed_fits([(3, 0)], cells, lambda t, _: t not in lost_states, lambda t, _: t not in lost_rows) == fits
