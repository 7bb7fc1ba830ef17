"""Failures of units during a run, as Tune reports them."""

from collections.abc import Callable
from typing import Any

from ray.tune.experiment import Trial

from raysc.cluster import ray_compat
from raysc.cluster.lost_nodes import LostNodes
from raysc.cluster.trial import FAILURE

Failures = dict[str, str]
"""Name of each unit that failed -> its traceback, or the reason in words."""


class FailureCollector(ray_compat.StatelessCallback):
    """A Tune callback that records failed units.

    A unit whose node was lost has not failed: it runs again.
    """

    def __init__(self, failures: Failures, lost_nodes: LostNodes, say: Callable[[str], None]) -> None:
        """Record failures in ``failures`` and losses in ``lost_nodes``; ``say`` prints a line about each lost node."""
        self._failures = failures
        self._lost_nodes = lost_nodes
        self._say = say
        self._reported: dict[str, str] = {}

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Remember the traceback that a trial reports before it ends with an error."""
        if FAILURE in result:
            self._reported[trial.config["unit"]] = result[FAILURE]

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Print the nodes that were lost."""
        for line in self._lost_nodes.reports():
            self._say(line)

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Record a lost node; Tune starts the trial again."""
        traceback = self._traceback(trial)
        if ray_compat.node_died(traceback):
            self._lost_nodes.record(trial.config["unit"], traceback)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Record a lost node, or the failure of a unit; the other units continue."""
        traceback = self._traceback(trial)
        if ray_compat.node_died(traceback):
            self._lost_nodes.record(trial.config["unit"], traceback)
        else:
            self._failures[trial.config["unit"]] = traceback

    def _traceback(self, trial: Trial) -> str:
        """Return the traceback that a trial reported; of one whose process died, the last error that Tune recorded."""
        return self._reported.pop(trial.config["unit"], "") or ray_compat.error_of(trial)
