"""Settings of sampling."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from raysc.settings.base import Settings


class Accept(Settings):
    """Rejection rule for texts: rejected texts are drawn again.

    Attributes:
        starts: required beginning of a text.
        once: required part of a text, exactly once; "": no such requirement.
        floor: share of accepted texts below which sampling fails, so that it always ends; above 0, at most 1.
    """

    starts: str = ""
    once: str = ""
    floor: float = Field(default=0.01, gt=0, le=1)


class Guide(Settings):
    """Negative guidance: rows are drawn from generation 0's model, extrapolated away from the newest one.

    Attributes:
        weight: w, in (1 + w) old - w new; 0: generation 0's model samples, -1: the newest one.
        of: outputs: the outputs of the networks in every evaluation, of a Gaussian the scores (SIMS, Alemohammad et al.
            2024); weights: the weights of the networks, of a Gaussian its mean and covariance (Neon, Alemohammad et al.
            2025).
    """

    weight: float = Field(allow_inf_nan=False)
    of: Literal["outputs", "weights"] = "outputs"


class Sample(Settings):
    """Sampling settings of a generation.

    Attributes:
        rows: rows that every generation samples, n if not set.
        steps: network evaluations or steps of the sampler; default: the family's.
        sampler: the sampler, of a family with several; default: the family's.
        rtol: relative tolerance per step, of an adaptive sampler.
        atol: absolute tolerance.
        spacing: spacing of the sampler's noise levels, of a family with several.
        epsilon: of DDIM on images, the noise of the next level: the network's, or rederived from the clipped x_0.
        latents: start noise of the rows and noise of the sampler, of text the random numbers that draw its tokens: each
            generation's own, or those of generation 0 at every generation. Under ``loop.sample`` only.
        truncation: of images and points: bound of the start noise of the rows, standard normal numbers; those beyond it
            are drawn again (the truncation trick of BigGAN); none: not truncated.
        temperature: tau. Of text it divides the logits; outcomes have probabilities in proportion to p^(1/tau); the
            deviations of a Gaussian from its mean, the kernel noise of a density estimate and the latents of a
            variational autoencoder are multiplied by tau.
        covariance_scale: of a Gaussian: c, samples have c times its covariance; a temperature of the square root of c.
        guide: negative guidance by generation 0's model, of ddpm, edm, flow_matching and gaussian; none: the newest
            model samples. Under ``loop.sample`` only.
        top_k: of text: only this number of most likely tokens is drawn from.
        top_p: of text: only the most likely tokens with this total probability are drawn from.
        prompt_tokens: of text: row i continues this number of first tokens of real training row i (mod n), which are
            part of it; none: rows have no prompt.
        accept: of text: rejection rule; none: all rows are accepted.
        template: of text: accepted texts are taken apart and put together anew, with a ``{}`` for each part. The parts
            are the text between ``accept.starts`` and ``accept.once`` and the text behind that, without white space at
            their ends. Texts that do not fit in a row then are rejected, too; none: rows stay as they are drawn.
        precision: of images and text: precision of the network during sampling. fp32 is torch's, with TF32 convolutions
            on GPUs that have it; tf32 is with TF32 matrix products too; bf16 and fp16 keep float32 weights and sums.
            tf32 and fp16 need a GPU.
    """

    rows: PositiveInt | None = None
    steps: PositiveInt | None = None
    sampler: Literal["euler", "heun", "midpoint", "dopri5", "ddim", "ancestral"] | None = None
    rtol: PositiveFloat | None = None
    atol: PositiveFloat | None = None
    spacing: Literal["even", "quadratic", "quadratic_rounded"] | None = None
    epsilon: Literal["predicted", "rederived"] = "predicted"
    latents: Literal["fresh", "repeated"] = "fresh"
    truncation: float | None = Field(default=None, ge=0.05)  # below, nearly all numbers are drawn again and again
    temperature: float = Field(default=1.0, gt=0, le=1e100)  # above, its square overflows
    covariance_scale: float = Field(default=1.0, gt=0, le=1e100)
    guide: Guide | None = None
    top_k: PositiveInt | None = None
    top_p: float = Field(default=1.0, gt=0, le=1)
    prompt_tokens: PositiveInt | None = None
    accept: Accept | None = None
    template: str | None = None
    precision: Literal["fp32", "tf32", "bf16", "fp16"] = "fp32"
