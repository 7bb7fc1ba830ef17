"""Metrics: one per file; feature extractors beside them."""

METRICS = {
    "frechet_distance": "raysc.metrics.frechet_distance:FrechetDistance",
    "kid": "raysc.metrics.kid:Kid",
    "precision": "raysc.metrics.precision:Precision",
    "recall": "raysc.metrics.recall:Recall",
    "density": "raysc.metrics.density:Density",
    "coverage": "raysc.metrics.coverage:Coverage",
    "feature_variance": "raysc.metrics.feature_variance:FeatureVariance",
    "exact_duplicates": "raysc.metrics.exact_duplicates:ExactDuplicates",
    "nn_train_share": "raysc.metrics.nn_train_share:NnTrainShare",
    "mean_error": "raysc.metrics.mean_error:MeanError",
    "trace_ratio": "raysc.metrics.trace_ratio:TraceRatio",
    "det_ratio": "raysc.metrics.det_ratio:DetRatio",
    "second_moment": "raysc.metrics.second_moment:SecondMoment",
    "nll": "raysc.metrics.nll:Nll",
    "wasserstein": "raysc.metrics.wasserstein:Wasserstein",
    "sliced_wasserstein": "raysc.metrics.sliced_wasserstein:SlicedWasserstein",
    "mmd": "raysc.metrics.mmd:Mmd",
    "off_mode_mass": "raysc.metrics.off_mode_mass:OffModeMass",
    "mode_share_distance": "raysc.metrics.mode_share_distance:ModeShareDistance",
    "modes_covered": "raysc.metrics.modes_covered:ModesCovered",
}
"""Short name -> ``module:Name``."""
