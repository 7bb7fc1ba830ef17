"""Tune's own records of a sweep, as a ResultGrid."""

from ray.tune import ExperimentAnalysis, ResultGrid

from raysc.cluster import ray_compat
from raysc.cluster.waves import tune_folder
from raysc.errors import RayscError
from raysc.store.objects import Objects

__all__ = ["ResultGrid", "result_grid"]


def result_grid(sweep: str, objects: Objects) -> ResultGrid:
    """Return every trial of every run of a sweep, oldest first, with those of generation 0.

    A trial runs one unit. Generations that were published before the trial began are in it only if the trial replayed
    them. This is for tools that work with Tune; results belong into the table.

    Raises:
        RayscError: the store has no records of Tune for this sweep.
    """
    folder = tune_folder(sweep, objects)
    prefix = f"sweeps/{sweep}/tune/"
    waves = sorted({name.removeprefix(prefix).partition("/")[0] for name in objects.names(prefix.rstrip("/"))})
    ray_compat.silence_tune()
    analyses = [ExperimentAnalysis(f"{folder}/{wave}") for wave in waves]
    if not analyses:
        raise RayscError(f"{folder} holds no records of Ray Tune: nothing of {sweep} was run from this store")
    trials = [trial for analysis in analyses for trial in analysis.trials]
    return ResultGrid(ExperimentAnalysis(f"{folder}/{waves[-1]}", trials=trials))
