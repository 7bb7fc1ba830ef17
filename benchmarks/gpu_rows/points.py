"""Training of points with optimal transport: 32 seeds in a pack against one seed."""

from benchmarks.gpu_rows.measuring import Contender, Goal, Row, Work, default_device, timed
from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.models.flows.flow_matching import FlowMatching
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Ema, Train

SEEDS, SMALL_SEEDS = 32, 4
STEPS, SMALL_STEPS = 200, 10
MOST_TIMES = {"cuda": 2, "cpu": 4}
"""Goal by type of device: times that the pack may take as long as one seed."""
TRAIN = Train(batch=128, lr=1e-3, ema=Ema(half_life=100))


def points_ot(small: bool) -> Row:
    """Return the row; its unit is an optimiser step, of all seeds of a pack at once."""
    seeds, steps = (SMALL_SEEDS, SMALL_STEPS) if small else (SEEDS, STEPS)
    goal = Goal("ratio", 1 / MOST_TIMES[default_device().type])
    return Row("steps", (_contender(seeds, steps), _contender(1, steps, goal)))


def _contender(seeds: int, steps: int, *goals: Goal) -> Contender:
    """Return the training of a number of seeds by raysc."""
    data, family = EightGaussians(rows=10_000), FlowMatching(coupling="optimal_transport")
    streams = Streams(tuple(range(seeds)), 0)
    training_set = TrainingSet((Rows(REAL, (MemoryBlock((REAL, seeds), 0, data.train(streams.seeds)),)),))
    state = family.initial(data.event, streams)

    def fit() -> Work:
        return Work(steps, timed(lambda: family.fit(training_set, state, range(steps), TRAIN, streams)))

    return Contender(f"raysc, {seeds} {'seeds' if seeds > 1 else 'seed'}", fit, goals=goals)
