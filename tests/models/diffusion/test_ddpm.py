from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.learned_variance import variational_bound_term
from raysc.models.diffusion.noise_schedule import compute_alphas_cumprod
from raysc.models.training.batches import Batch
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

pytestmark = pytest.mark.slow

SEED_0 = Streams((0,), 0)


def test_it_learns_the_mean_and_spread_of_points(training_set: Callable[[np.ndarray], TrainingSet]) -> None:
    rows = np.random.default_rng(0).normal([1.0, -0.5], [0.3, 1.0], (2000, 2)).astype(np.float32)
    family = Ddpm(width=64)
    train = Train(batch=256, lr=3e-3, ema=Ema(half_life=50))
    result = family.fit(training_set(rows), family.initial((2,), SEED_0), range(800), train, SEED_0)
    samples = family.sample(result.state, 0, 2000, Sample(), SEED_0)[0]
    np.testing.assert_allclose(samples.mean(axis=0), [1.0, -0.5], atol=0.12)
    np.testing.assert_allclose(samples.std(axis=0), [0.3, 1.0], rtol=0.2)


def test_the_hybrid_loss_adds_a_thousandth_of_the_whole_bound_and_leaves_the_noise_to_the_simple_loss() -> None:
    family, draws = Ddpm(network="unet", channels=8, variance="learned"), np.random.default_rng(0)
    x_0, noise = (torch.from_numpy(draws.uniform(-0.9, 0.9, (6, 1, 2, 2))) for _ in range(2))
    timesteps = torch.tensor([0, 1, 5, 100, 500, 999])
    model_output = torch.from_numpy(draws.uniform(-1, 1, (6, 2, 2, 2))).requires_grad_()
    batch = Batch(x_0, noise, (timesteps + 0.5) / 1000)
    loss = family.loss(lambda x_t, times: model_output, batch)
    alphas_cumprod = compute_alphas_cumprod("linear")
    alpha_prod_t = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    x_t = alpha_prod_t.sqrt() * x_0 + (1 - alpha_prod_t).sqrt() * noise
    simple_loss = ((model_output[:, :1] - noise) ** 2).mean()
    # The bound of all 1000 timesteps is 1000 times the mean term of the batch.
    term = variational_bound_term(
        alphas_cumprod, timesteps, x_0, x_t, model_output[:, :1].detach(), model_output[:, 1:]
    )
    assert loss.item() == pytest.approx((simple_loss + 0.001 * (1000 * term)).item(), rel=1e-6)
    (gradient,) = torch.autograd.grad(loss, model_output)
    assert torch.allclose(gradient[:, :1], 2 * (model_output[:, :1] - noise) / noise.numel())
    assert gradient[:, 1:].abs().max() > 0


def test_iddpm_trains_samples_and_is_saved_for_diffusers(digits: TrainingSet, tmp_path: Path) -> None:
    family = Ddpm(network="unet", channels=8, betas="cosine", variance="learned")
    start = family.initial((1, 8, 8), SEED_0)
    early = family.fit(digits, start, range(10), Train(batch=16), SEED_0)
    late = family.fit(digits, early.state, range(10, 60), Train(batch=16), SEED_0)
    assert late.loss < 0.7 * early.loss
    family.save(late.state, tmp_path, training_state=False)
    loaded = family.load(tmp_path)
    sample = Sample(steps=4, spacing="quadratic")
    rows = family.sample(loaded, 0, 3, sample, SEED_0)
    assert rows.shape == (1, 3, 1, 8, 8)
    np.testing.assert_array_equal(rows, family.sample(late.state, 0, 3, sample, SEED_0))
    from diffusers import DDPMPipeline  # building the network declared the schemas that this import needs

    pipeline = DDPMPipeline.from_pretrained(tmp_path)
    pipeline.set_progress_bar_config(disable=True)
    assert pipeline.scheduler.config.variance_type == "learned_range"
    assert pipeline(num_inference_steps=2, output_type="np").images.shape == (1, 8, 8, 1)
    with pytest.raises(
        InputError, match="its network predicts the noise and the variance, but this family has variance: fixed"
    ):
        Ddpm(network="unet", channels=8, betas="cosine").load(tmp_path)


def test_a_learned_variance_needs_a_unet() -> None:
    with pytest.raises(InputError, match=r"model\.variance: learned goes with network: unet or ddpmpp"):
        Ddpm(variance="learned")


def test_ddim_is_the_default_sampler() -> None:
    family = Ddpm(width=16)
    state = family.initial((2,), SEED_0)
    ddim_rows = family.sample(state, 0, 4, Sample(sampler="ddim"), SEED_0)
    np.testing.assert_array_equal(ddim_rows, family.sample(state, 0, 4, Sample(), SEED_0))


@pytest.mark.parametrize(
    ("event", "sample", "message"),
    [
        ((2,), Sample(epsilon="rederived"), "sample.epsilon: rederived goes with images"),
        (
            (1, 8, 8),
            Sample(sampler="ancestral", epsilon="rederived"),
            "sample.epsilon: rederived goes with sampler: ddim",
        ),
        ((2,), Sample(sampler="ancestral", spacing="quadratic_rounded"), "sample.spacing: quadratic_rounded repeats"),
    ],
)
def test_settings_of_ddim_on_images_are_refused_elsewhere(event: tuple[int, ...], sample: Sample, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Ddpm().check_settings(event, Train(), sample)


def test_samplers_of_other_families_are_refused() -> None:
    with pytest.raises(InputError, match=r"sample\.sampler: ddpm takes ddim or ancestral, not heun"):
        Ddpm().check_settings((2,), Train(), Sample(sampler="heun"))
