"""Index of the published metrics of one lineage and pack."""

from raysc.execution.measurer import ValuesByMetric
from raysc.execution.unit_context import UnitContext
from raysc.store import metric_files


class MetricIndex:
    """The metric files of one lineage (or generation 0) and one pack, from one listing per metric."""

    def __init__(self, context: UnitContext, lineage: str, seeds: tuple[int, ...]) -> None:
        """List the files of every metric of the unit; ``seeds``: of the pack under this key."""
        self._objects = context.objects
        self._measurer = context.measurer
        self._files = {
            metric: metric_files.files_by_generation(context.objects, metric, lineage, seeds)
            for metric in context.measurer.metrics
        }

    def missing(self, generation: int) -> list[str]:
        """Return the keys of the metrics that a generation lacks; none if it is not to be measured."""
        return [metric for metric in self._measurer.due(generation) if generation not in self._files[metric]]

    def values(self, generation: int) -> ValuesByMetric:
        """Read the published columns of a generation, by metric key.

        Raises:
            DamagedObjectError: a file was changed or is gone.
        """
        values = {}
        for metric in self._measurer.due(generation):
            if generation in self._files[metric]:
                frame = metric_files.read(self._objects, self._files[metric][generation])
                columns = frame[frame["generation"] == generation].drop(columns=["seed", "generation"])
                values[metric] = {name: columns[name].to_numpy() for name in columns.columns}
        return values
