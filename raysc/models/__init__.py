"""Model families: one per file; what neural families share lies beside them."""

MODELS = {
    "gaussian": "raysc.models.gaussian:Gaussian",
    "kde": "raysc.models.kde:Kde",
    "linear_regression": "raysc.models.linear_regression:LinearRegression",
    "discrete": "raysc.models.discrete:Discrete",
    "flow_matching": "raysc.models.flow_matching:FlowMatching",
    "causal_lm": "raysc.models.causal_lm:CausalLm",
    "ddpm": "raysc.models.ddpm:Ddpm",
    "edm": "raysc.models.edm:Edm",
    "normalizing_flow": "raysc.models.normalizing_flow:NormalizingFlow",
}
"""Short name -> ``module:Name``."""
