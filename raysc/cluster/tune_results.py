"""Tune's own records of a sweep, as its ResultGrid."""

import logging

from ray.tune import ExperimentAnalysis, ResultGrid

from raysc.cluster.waves import tune_folder
from raysc.errors import RayscError
from raysc.store.objects import Objects

__all__ = ["ResultGrid", "result_grid"]


def result_grid(sweep: str, objects: Objects) -> ResultGrid:
    """Every trial of every ``raysc sweep`` of a sweep, generation 0s too; oldest first.

    A trial is a unit; what was published before a trial began is in it as far as the trial replayed it. The table is
    what counts: this is for tools that work with Tune.

    Raises:
        RayscError: nothing was run from this store.
    """
    folder = tune_folder(sweep, objects)
    prefix = f"sweeps/{sweep}/tune/"
    waves = sorted({name.removeprefix(prefix).partition("/")[0] for name in objects.names(prefix.rstrip("/"))})
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # it warns of trials that reported nothing
    found = [ExperimentAnalysis(f"{folder}/{wave}") for wave in waves]
    if not found:
        raise RayscError(f"{folder} holds no records of Ray Tune: nothing of {sweep} was run from this store")
    trials = [trial for one in found for trial in one.trials]
    return ResultGrid(ExperimentAnalysis(f"{folder}/{waves[-1]}", trials=trials))
