"""Curations: selection and correction of samples before a model trains on them, on top of any regime; one per file."""

CURATIONS = {
    "none": "raysc.curation.none:Uncurated",
    "luce": "raysc.curation.luce:Luce",
    "top_alpha": "raysc.curation.top_alpha:TopAlpha",
    "verified": "raysc.curation.verified:Verified",
    "linear_verifier": "raysc.curation.linear_verifier:LinearVerifier",
    "corrected": "raysc.curation.corrected:Corrected",
    "detector_weighted": "raysc.curation.detector_weighted:DetectorWeighted",
}
"""Short name -> ``module:Name``."""
