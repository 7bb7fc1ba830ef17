"""Regimes: rules for the training set of each generation, one per file."""

REGIMES = {
    "real_only": "raysc.regimes.real_only:RealOnly",
    "mix": "raysc.regimes.mix:Mix",
    "replace": "raysc.regimes.replace:Replace",
    "accumulate": "raysc.regimes.accumulate:Accumulate",
    "accumulate_subsample": "raysc.regimes.accumulate_subsample:AccumulateSubsample",
    "curated": "raysc.regimes.curated:Curated",
    "fresh": "raysc.regimes.fresh:Fresh",
    "counts": "raysc.regimes.counts:Counts",
    "weighted": "raysc.regimes.weighted:Weighted",
    "redrawn": "raysc.regimes.redrawn:Redrawn",
    "window": "raysc.regimes.window:Window",
    "grown": "raysc.regimes.grown:Grown",
    "shares": "raysc.regimes.shares:Shares",
    "proportions": "raysc.regimes.proportions:Proportions",
    "incremental": "raysc.regimes.incremental:Incremental",
}
"""Short name -> ``module:Name``."""
