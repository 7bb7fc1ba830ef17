"""Runs that ``loop.until`` ended before the last generation, in words."""

import pandas as pd

from raysc.sweepfile.sweep import Sweep


def early_ends_text(sweep: Sweep, table: pd.DataFrame) -> str:
    """Return a sentence on the runs that ended early and on their later generations; "" if none did.

    Args:
        sweep: the sweep.
        table: from ``load_table``.
    """
    if sweep.until is None or table.empty:
        return ""
    ends = table.groupby(["cell", "seed"])["ended_generation"].max()
    early = int((ends < ends.index.get_level_values("cell").map(sweep.generations_of)).sum())
    if not early:
        return ""
    later = (
        "they repeat their last values"
        if sweep.until.later == "repeat"
        else "their later generations are absent, and means over seeds leave them out"
    )
    return f"{early} of {len(ends)} runs ended early, where {sweep.until}: {later}"
