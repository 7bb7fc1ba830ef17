"""Data sets, one per file."""

DATASETS = {
    "digits": "raysc.datasets.images.digits:Digits",
    "cifar10": "raysc.datasets.images.cifar10:Cifar10",
    "image_folder": "raysc.datasets.images.image_folder:ImageFolder",
    "hf_images": "raysc.datasets.images.hf_images:HfImages",
    "gaussian": "raysc.datasets.points.gaussian:Gaussian",
    "blobs": "raysc.datasets.points.blobs:Blobs",
    "circles": "raysc.datasets.points.circles:Circles",
    "moons": "raysc.datasets.points.moons:Moons",
    "swiss_roll": "raysc.datasets.points.swiss_roll:SwissRoll",
    "eight_gaussians": "raysc.datasets.points.eight_gaussians:EightGaussians",
    "linear": "raysc.datasets.points.linear:Linear",
    "logistic": "raysc.datasets.points.logistic:Logistic",
    "categories": "raysc.datasets.points.categories:Categories",
    "points": "raysc.datasets.points.point_file:Points",
    "table": "raysc.datasets.points.table:Table",
    "uniform": "raysc.datasets.points.uniform:Uniform",
    "exponential": "raysc.datasets.points.exponential:Exponential",
    "poisson": "raysc.datasets.points.poisson:Poisson",
    "bernoulli": "raysc.datasets.points.bernoulli:Bernoulli",
    "text": "raysc.datasets.text.text:Text",
    "helpsteer2": "raysc.datasets.text.helpsteer2:HelpSteer2",
    "tinystories": "raysc.datasets.text.tinystories:TinyStories",
    "stories": "raysc.datasets.text.stories:Stories",
}
"""Short name of a data set -> ``module:Name`` of its class."""
