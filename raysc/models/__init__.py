"""Model families: one per file; what neural families share lies beside them."""

MODELS = {
    "gaussian": "raysc.models.gaussian:Gaussian",
    "kde": "raysc.models.kde:Kde",
    "flow_matching": "raysc.models.flow_matching:FlowMatching",
    "causal_lm": "raysc.models.causal_lm:CausalLm",
    "ddpm": "raysc.models.ddpm:Ddpm",
}
"""Short name -> ``module:Name``."""
