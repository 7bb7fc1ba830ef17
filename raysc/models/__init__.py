"""Model families, one per file, and the code that they share."""

MODELS = {
    "gaussian": "raysc.models.closed_form.gaussian:Gaussian",
    "gaussian_mixture": "raysc.models.mixtures.gaussian_mixture:GaussianMixture",
    "kde": "raysc.models.closed_form.kde:Kde",
    "linear_regression": "raysc.models.closed_form.linear_regression:LinearRegression",
    "logistic_regression": "raysc.models.closed_form.logistic_regression:LogisticRegression",
    "discrete": "raysc.models.closed_form.discrete:Discrete",
    "gaussian_copula": "raysc.models.closed_form.gaussian_copula:GaussianCopula",
    "student_t": "raysc.models.closed_form.student_t:StudentT",
    "uniform_with_spike": "raysc.models.closed_form.uniform_with_spike:UniformWithSpike",
    "exponential": "raysc.models.closed_form.exponential:Exponential",
    "poisson": "raysc.models.closed_form.poisson:Poisson",
    "bernoulli": "raysc.models.closed_form.bernoulli:Bernoulli",
    "flow_matching": "raysc.models.flows.flow_matching:FlowMatching",
    "causal_lm": "raysc.models.language.causal_lm:CausalLm",
    "ddpm": "raysc.models.diffusion.ddpm:Ddpm",
    "edm": "raysc.models.diffusion.edm:Edm",
    "vae": "raysc.models.autoencoders.vae:Vae",
    "normalizing_flow": "raysc.models.flows.normalizing_flow:NormalizingFlow",
}
"""Short name -> ``module:Name``."""
