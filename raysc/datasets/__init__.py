"""Data sets: one per file."""

DATASETS = {
    "digits": "raysc.datasets.digits:Digits",
    "gaussian": "raysc.datasets.gaussian:Gaussian",
    "eight_gaussians": "raysc.datasets.eight_gaussians:EightGaussians",
}
"""Short name -> ``module:Name``."""
