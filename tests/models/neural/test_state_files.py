import json

import numpy as np
import pytest
import torch

from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.diffusion.ddpm import Ddpm, ddim
from raysc.models.diffusion.edm import Edm
from raysc.models.diffusion.noise_schedule import visited
from raysc.models.flows.flow_matching import FlowMatching, integrate
from raysc.models.networks.architectures import with_weights
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
TRAIN = Train(batch=16, ema=Ema(half_life=3))
FAMILIES = [
    FlowMatching(width=16),
    Ddpm(width=16),
    FlowMatching(network="unet", channels=8),
    Ddpm(network="unet", channels=8),
    Edm(width=16),
    Edm(network="unet", channels=8),
    Edm(network="unet", channels=8, preconditioning="vp"),
]


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_a_state_comes_back_to_the_last_bit_and_trains_on_alike(family, digits, tmp_path):
    state = family.fit(digits, family.initial(IMAGE, SEED_0), range(3), TRAIN, SEED_0).state
    family.save(state, tmp_path / "with", training_state=True)
    back = family.load(tmp_path / "with")
    assert_same(back.weights, state.weights)
    assert_same(back.ema, state.ema)
    assert_same(back.moments, state.moments)
    assert back.steps == state.steps == 3
    assert back.event == IMAGE
    on = [family.fit(digits, each, range(3, 5), TRAIN, SEED_0).state for each in (state, back)]
    assert_same(on[0].weights, on[1].weights)

    family.save(state, tmp_path / "without", training_state=False)
    bare = family.load(tmp_path / "without")
    assert_same(bare.ema, state.ema)
    assert_same(bare.weights, state.ema)
    assert not bare.moments
    rows = [family.sample(each, 0, 2, Sample(steps=2), SEED_0) for each in (state, bare)]
    np.testing.assert_array_equal(rows[0], rows[1])
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert suffixes == {".json", ".safetensors"}


def pipeline_and_latents(family, tmp_path, count=2):
    """A saved U-Net as diffusers opens it, its network as we do, and the latents that the pipeline draws."""
    declare_missing_schemas()
    from diffusers import DiffusionPipeline

    state = family.initial(IMAGE, SEED_0)
    family.save(state, tmp_path, training_state=True)
    pipeline = DiffusionPipeline.from_pretrained(tmp_path)
    pipeline.set_progress_bar_config(disable=True)
    latents = torch.randn((count, *IMAGE), generator=torch.Generator().manual_seed(7))
    return pipeline, with_weights(state.config, state.ema).eval(), latents


def images(pipeline, steps):
    generator = torch.Generator().manual_seed(7)
    out = pipeline(batch_size=2, generator=generator, num_inference_steps=steps, output_type="np").images
    return torch.from_numpy(out).permute(0, 3, 1, 2) * 2 - 1


def test_diffusers_samples_a_saved_ddpm_as_we_do(tmp_path):
    pipeline, network, latents = pipeline_and_latents(FAMILIES[3], tmp_path)
    with torch.inference_mode():
        assert torch.allclose(images(pipeline, 10), ddim(network, latents, visited(10, "even"), "linear"), atol=1e-3)


def test_diffusers_samples_a_saved_flow_as_we_do(tmp_path):
    pipeline, network, latents = pipeline_and_latents(FAMILIES[2], tmp_path)
    with torch.inference_mode():
        ours = integrate(network, latents, Sample(steps=10)).clamp(-1, 1)
    assert torch.allclose(images(pipeline, 200), ours, atol=0.02)
    assert not torch.allclose(ours, latents.clamp(-1, 1), atol=0.1)


def test_a_folder_of_another_family_or_kind_is_refused(tmp_path):
    flow_mlp, ddpm_mlp, flow_unet, ddpm_unet = FAMILIES[:4]
    flow_unet.save(flow_unet.initial(IMAGE, SEED_0), tmp_path / "flow", training_state=False)
    ddpm_unet.save(ddpm_unet.initial(IMAGE, SEED_0), tmp_path / "ddpm", training_state=False)
    with pytest.raises(
        InputError, match="scheduler has _class_name: DDIMScheduler, but this family needs FlowMatchEuler"
    ):
        flow_unet.load(tmp_path / "ddpm")
    with pytest.raises(InputError, match="scheduler has beta_schedule: None, but this family needs linear"):
        ddpm_unet.load(tmp_path / "flow")
    config = tmp_path / "ddpm" / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"prediction_type": "v_prediction"}))
    with pytest.raises(InputError, match="prediction_type: v_prediction, but this family needs epsilon"):
        ddpm_unet.load(tmp_path / "ddpm")
    with pytest.raises(InputError, match=r"no config\.json here that says so"):
        ddpm_mlp.load(tmp_path / "ddpm")
    flow_mlp.save(flow_mlp.initial(IMAGE, SEED_0), tmp_path / "mlp", training_state=False)
    with pytest.raises(InputError, match="scheduler has num_train_timesteps: None, but this family needs 1000"):
        ddpm_mlp.load(tmp_path / "mlp")
    with pytest.raises(InputError, match=r"no model_index\.json here"):
        flow_unet.load(tmp_path / "mlp")


def changed_unet(folder, **settings):
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | settings))


def test_a_folders_own_dropout_does_not_drop_anything(digits, tmp_path):
    family = Ddpm(network="unet", channels=8)
    family.save(family.initial(IMAGE, SEED_0), tmp_path, training_state=False)
    changed_unet(tmp_path, dropout=0.5)
    state, before = family.load(tmp_path), torch.get_rng_state()
    first, second = (family.fit(digits, state, range(2), TRAIN, SEED_0).state for _ in range(2))
    assert_same(first.weights, second.weights)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_unet_of_classes_is_refused(tmp_path):
    family = Ddpm(network="unet", channels=8)
    family.save(family.initial(IMAGE, SEED_0), tmp_path, training_state=False)
    changed_unet(tmp_path, class_embed_type="timestep")
    with pytest.raises(InputError, match="its U-Net wants to be told classes"):
        family.load(tmp_path)
