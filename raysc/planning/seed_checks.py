"""Checks of seeds by purpose: a purpose with several seeds must draw something."""

from raysc.planning.resolved import ResolvedCell
from raysc.seeds import varied_purposes
from raysc.sweepfile.sweep import Sweep


def check_seeds(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse several seeds of a purpose for which a cell draws nothing: its replicates would be equal.

    Raises:
        InputError: names the purpose.
    """
    varied = varied_purposes(sweep.seeds)
    if "train" in varied and not cell.family.trained:
        raise sweep.error(
            "seeds.train", f"{cell.settings.model.name} is fitted in closed form, which draws nothing; set train: 1"
        )
    if "sample" in varied and cell.settings.loop_sample.latents == "repeated":
        raise sweep.error(
            "seeds.sample",
            "sample.latents: repeated draws the latents of generation 0 again, by the initial seed; set sample: 1",
        )
