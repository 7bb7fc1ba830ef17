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
    "cross_entropy": "raysc.metrics.cross_entropy:CrossEntropy",
    "distinct_n": "raysc.metrics.distinct_n:DistinctN",
    "self_bleu": "raysc.metrics.self_bleu:SelfBleu",
    "repetition": "raysc.metrics.repetition:Repetition",
    "length_gap": "raysc.metrics.length_gap:LengthGap",
    "copied_ngrams": "raysc.metrics.copied_ngrams:CopiedNgrams",
    "vocabulary_lost": "raysc.metrics.vocabulary_lost:VocabularyLost",
    "nll": "raysc.metrics.nll:Nll",
}
"""Short name -> ``module:Name``."""
