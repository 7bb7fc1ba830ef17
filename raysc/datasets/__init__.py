"""Data sets, one per file."""

DATASETS = {
    "digits": "raysc.datasets.digits:Digits",
    "cifar10": "raysc.datasets.cifar10:Cifar10",
    "image_folder": "raysc.datasets.image_folder:ImageFolder",
    "hf_images": "raysc.datasets.hf_images:HfImages",
    "gaussian": "raysc.datasets.gaussian:Gaussian",
    "blobs": "raysc.datasets.blobs:Blobs",
    "circles": "raysc.datasets.circles:Circles",
    "moons": "raysc.datasets.moons:Moons",
    "swiss_roll": "raysc.datasets.swiss_roll:SwissRoll",
    "eight_gaussians": "raysc.datasets.eight_gaussians:EightGaussians",
    "linear": "raysc.datasets.linear:Linear",
    "categories": "raysc.datasets.categories:Categories",
    "text": "raysc.datasets.text:Text",
    "helpsteer2": "raysc.datasets.helpsteer2:HelpSteer2",
    "tinystories": "raysc.datasets.tinystories:TinyStories",
    "stories": "raysc.datasets.stories:Stories",
}
"""Short name of a data set -> ``module:Name`` of its class."""
