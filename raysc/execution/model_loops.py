"""The closed-form loops of the models of one cell."""

from collections.abc import Iterator, Sequence
from functools import partial

from raysc.datasets.new_rows import new_real_rows
from raysc.datasets.views import CandidateViews
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Generation, coupled_loops, self_consuming_loop
from raysc.planning.resolved import ResolvedCell
from raysc.pool.block_store import BlockStore, MemoryBlockStore
from raysc.pool.blocks import MemoryBlock
from raysc.pool.exchange import read_samples
from raysc.pool.lifetimes import Lifetimes
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL, Source, fresh


def model_loops(
    cells: Sequence[ResolvedCell],
    crews: Sequence[ClosedFormRank],
    real: Sequence[Rows],
    seeds: tuple[int, ...],
    last: int,
) -> Iterator[tuple[Generation | None, ...]]:
    """Run the closed-form loops of coupled models in step, or that of a single model.

    Args:
        cells: of all models, in order.
        crews: hold the models.
        real: the initial real rows of every model.
        seeds: the pack.
        last: the last generation.

    Yields:
        The generation of every model; None for a model whose seeds had all diverged before.
    """
    loops, sources = [], []
    stream_seeds = [cell.stream_seeds(seeds) for cell in cells]
    for cell, crew, rows, seeds_of_model in zip(cells, crews, real, stream_seeds, strict=True):
        of_model: dict[Source, Rows] = {REAL: rows}
        lifetimes = Lifetimes.of(cell.rules.recipe, range(last + 1), crew.family.reads_rows_once)
        loop = self_consuming_loop(
            cell.rules, crew, of_model, seeds_of_model, range(last + 1), partial(new_rows, cell, seeds),
            partial(_block_store, MemoryBlockStore()), lifetimes, CandidateViews(cell.data, crew.scores),
        )  # fmt: skip
        loops.append(loop)
        sources.append(of_model)

    def read(model: int, t: int, sampled: Sequence[Rows | None]) -> Rows:
        rows, coupling = sampled[model], cells[model].settings.coupling
        assert rows is not None, "a model whose seeds have all diverged reads nothing more"
        return rows if coupling is None else read_samples(coupling, sampled, t, stream_seeds)

    return coupled_loops(loops, sources, read)


def new_rows(cell: ResolvedCell, seeds: tuple[int, ...], generation: int, first: int, count: int) -> Rows:
    """Return new real rows of a model; see ``raysc.loop.NewRows``."""
    drawn = new_real_rows(cell.data, cell.data_seeds(seeds), generation, first, count)
    return Rows(fresh(generation), (MemoryBlock((fresh(generation), seeds), 0, drawn),))


def _block_store(block_store: MemoryBlockStore, generation: int) -> BlockStore:
    return block_store
