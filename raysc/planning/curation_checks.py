"""Checks that a cell's curation goes with its data and its regime; they run before work starts."""

from raysc.curation.corrected import Corrected
from raysc.datasets.dataset import SupportsCodes, SupportsProbabilities
from raysc.planning.resolved import ResolvedCell
from raysc.regimes.incremental import Incremental
from raysc.sweepfile.sweep import Sweep


def check_curation(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse centres that the real rows do not have, and a selection from the rows of edited training sets.

    Raises:
        InputError: names the setting.
    """
    name, curation, rows = cell.settings.curation.name, cell.rules.curation, cell.rules.rows
    if isinstance(curation, Corrected):
        if isinstance(cell.data, SupportsProbabilities):
            data = cell.settings.data.name
            raise sweep.error("curation", f"{name} moves rows towards centres, and the outcomes of {data} have none")
        if isinstance(cell.data, SupportsCodes) and (columns := cell.data.coded_columns()):
            problem = f"{name} moves rows towards centres, and column {columns[0]!r} holds categories, which have none"
            raise sweep.error("curation", f"{problem}; choose columns of numbers with data.columns")
        if curation.centres > rows:
            raise sweep.error("curation.centres", f"{curation.centres} centres of {rows} real rows")
    if isinstance(cell.rules.regime, Incremental) and any(
        take.choose is not None for take in cell.rules.recipe(1).takes
    ):
        raise sweep.error(
            "curation",
            f"{name} would select other rows for each training set, and {cell.settings.regime.name} edits the last "
            "one; take a curation that selects none, such as corrected, or another regime, such as proportions",
        )
