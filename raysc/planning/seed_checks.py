"""Checks of seeds by purpose: a purpose with several seeds must draw something."""

from raysc.planning.resolved import ResolvedCell
from raysc.seeds import varied_purposes
from raysc.sweepfile.sweep import Sweep
from raysc.sweepfile.sweep_reader import FORK_DISTANCE


def check_seeds(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse several seeds of a purpose for which a cell draws nothing: its replicates would be equal.

    A rate of contraction has an interval over independent replicates only, so shared seeds are refused with its metric.

    Raises:
        InputError: names the purpose.
    """
    varied = varied_purposes(sweep.seeds)
    if "train" in varied and not cell.family.trained:
        raise sweep.error(
            "seeds.train", f"{cell.settings.model.name} is fitted in closed form, which draws nothing; set train: 1"
        )
    if len(varied) > 1 and any(metric.name == FORK_DISTANCE for metric in sweep.metrics):
        raise sweep.error("seeds", f"{FORK_DISTANCE} needs independent replicates; set a number, without purposes")
    if "sample" in varied and cell.settings.loop_sample.latents == "repeated":
        raise sweep.error(
            "seeds.sample",
            "sample.latents: repeated draws the latents of generation 0 again, by the initial seed; set sample: 1",
        )
