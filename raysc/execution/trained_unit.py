"""Execution of a unit of a trained family: one span per generation, so that a killed unit continues where it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from raysc.execution.crew import TrainedCrew
from raysc.execution.history import History
from raysc.execution.trained_lineage import Attempts, Retention, TrainedLineage, run_passes
from raysc.execution.unit_context import UnitContext
from raysc.loop import self_consuming_loop
from raysc.planning.units import LoopUnit
from raysc.regimes.recipe import synthetic


def run(unit: LoopUnit, context: UnitContext, crew: TrainedCrew) -> None:
    """Measure and report published generations, run and publish missing ones.

    Return at once if generation 0 is missing (moved to the trash as damaged); the next plan makes it.
    """

    def read() -> list[TrainedLineage] | None:
        history = History.read(unit, context, crew)
        return None if history is None else [TrainedLineage(unit, context, crew, history)]

    def work(lineages: Sequence[TrainedLineage]) -> None:
        TrainedRun(lineages[0]).run()

    run_passes(read, work)


@dataclass
class TrainedRun:
    """One pass over the generations of a unit.

    Attributes:
        lineage: its lineage.
    """

    lineage: TrainedLineage
    _retention: Retention = field(init=False)

    def __post_init__(self) -> None:
        self._retention = Retention([self.lineage])

    def run(self) -> None:
        """Go from generation 0 to the last: replay published generations, fill gaps."""
        lineage, history = self.lineage, self.lineage.history
        t, manifests, last = 0, history.manifests, lineage.context.generations
        lineage.load_base()
        while t <= last and not history.diverged(t - 1) and not self._all_ended:
            if t in manifests:
                lineage.replay(t)
                t += 1
            else:
                t = self._fill(range(t, min((published for published in manifests if published > t), default=last + 1)))
        if self._all_ended:
            lineage.publish_end(t)
        if history.diverged(0) and 1 not in manifests:
            lineage.publish_diverged_initial()
        self._retention.apply(finished=True)

    @property
    def _all_ended(self) -> bool:
        """True once no seed runs and ``loop.until`` has ended at least one of them."""
        stopping = self.lineage.stopping
        return bool(stopping.ended) and stopping.over

    def _fill(self, gap: range) -> int:
        """Run and publish missing generations, from the newest generation before them that has its training state.

        Returns:
            The generation after the last one that was run.

        Raises:
            Overtaken: the listing of the store lacked a generation that is published.
            RayscError: published generations would be trained again, and the plan did not say so.
        """
        lineage, history, context = self.lineage, self.lineage.history, self.lineage.context
        unit, crew = lineage.unit, lineage.crew
        rules, generations = unit.cell.rules, range(history.restart(gap.start), gap.stop)
        if generations.start < gap.start:
            lineage.check_refit(generations.start, gap.start)
        attempts = Attempts(unit, context)
        needed = {take.source for t in generations for take in rules.recipe(t).takes}
        sources = history.sources(needed, generations.start)
        continues = unit.cell.settings.start == "previous"
        crew.load(history.manifests[generations.start - 1], training_state=continues)
        loop = self_consuming_loop(
            rules, lineage.checkpointed_crew, sources, unit.seeds, generations, context.new_rows, attempts.block_store,
            views=context.views(crew),
        )  # fmt: skip
        for generation in loop:
            t = generation.t
            if t < gap.start:
                # It is published, but its training state was dropped: it was trained again for later generations.
                if (stored := history.stored(t)) is not None and synthetic(t) in sources:
                    sources[synthetic(t)] = stored
                continue
            lineage.publish_measured(
                generation, attempts.take(t), context.wait_seconds if t == generations.start else 0.0
            )
            self._retention.apply(finished=False)
            if self._all_ended:
                return t + 1
        return gap.stop
