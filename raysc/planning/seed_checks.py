"""Checks of seeds by purpose: a purpose with several seeds must draw something."""

from raysc.models.family import SupportsRandomFits
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.regimes.recipe import Take
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
    if "train" in varied and not draws_in_training(cell):
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


def draws_in_training(cell: ResolvedCell) -> bool:
    """Return True if retrainings draw by the train seed; those of closed forms without random fits do not."""
    return cell.family.trained or isinstance(cell.family, SupportsRandomFits)


def check_data_seeds(resolved: ResolvedSweep) -> None:
    """Refuse several data seeds of a sweep that draws no real rows: all seeds share them, and every fit takes them all.

    One cell that draws real rows is enough: other cells, such as controls, may take them all.

    Raises:
        InputError: names the purpose.
    """
    sweep = resolved.sweep
    datasets = {id(cell.data): cell.data for cell in resolved.cells}.values()
    if "data" not in varied_purposes(sweep.seeds) or any(len(data.train((0, 1))) > 1 for data in datasets):
        return
    for cell in resolved.cells:
        recipes = map(cell.rules.recipe, range(sweep.ceiling + 1))
        if any(_draws_real_rows(take, cell.rules.rows) for recipe in recipes for take in recipe.takes):
            return
    name = resolved.cells[0].settings.data.name
    raise sweep.error(
        "seeds.data", f"all seeds have the same rows of {name}, and every training set takes all of them; set data: 1"
    )


def _draws_real_rows(take: Take, rows: int) -> bool:
    """Return True if the data seed draws rows of a take, of data with ``rows`` initial real rows."""
    if take.source.kind == "synthetic" or take.count == 0:
        return False
    return take.source.kind == "fresh" or take.source_rows < rows or take.reads_real_rows
