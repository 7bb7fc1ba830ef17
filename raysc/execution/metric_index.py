"""What is measured already of one address and pack, and what is not."""

from raysc.execution.unit_context import Bench, Values
from raysc.store import metric_files


class Measured:
    """The metric files of one lineage (or generation 0) and one pack, from one listing per metric."""

    def __init__(self, bench: Bench, lineage: str) -> None:
        """Look them up."""
        self._bench = bench
        self._files = {
            metric: metric_files.files_of(bench.objects, metric, lineage, bench.seeds) for metric in bench.metrics
        }

    def lacking(self, generation: int) -> list[str]:
        """The addresses of the metrics that a generation lacks; none if it is not to be measured."""
        if generation not in self._bench.measured:
            return []
        return [metric for metric, files in self._files.items() if generation not in files]

    def values(self, generation: int) -> dict[str, Values]:
        """The columns of the metrics that a generation has, by address; Damaged if a file was changed."""
        found = {}
        for metric, files in self._files.items():
            if generation in self._bench.measured and generation in files:
                frame = metric_files.read(self._bench.objects, files[generation])
                own = frame[frame["generation"] == generation].drop(columns=["seed", "generation"])
                found[metric] = {column: own[column].to_numpy() for column in own.columns}
        return found
