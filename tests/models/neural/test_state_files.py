import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from raysc.errors import InputError
from raysc.libraries.torchvision_compat import declare_missing_schemas
from raysc.models.diffusion.ddim import ddim
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.diffusion.noise_schedule import compute_timesteps
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.flows.ode import integrate
from raysc.models.networks.build import with_weights
from raysc.models.neural.state_files import PIPELINE, _unet_arguments, load_pipeline
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train
from tests.neural_states import equal_states, equal_tensors

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
TRAIN = Train(batch=16, ema=Ema(half_life=3))
FLOW_MLP, DDPM_MLP = FlowMatching(width=16), Ddpm(width=16)
FLOW_UNET, DDPM_UNET = FlowMatching(network="unet", channels=8), Ddpm(network="unet", channels=8)
FAMILIES = [
    FLOW_MLP,
    DDPM_MLP,
    FLOW_UNET,
    DDPM_UNET,
    Edm(width=16),
    Edm(network="unet", channels=8),
    Edm(network="unet", channels=8, preconditioning="vp"),
    Edm(network="ddpmpp", channels=4, attention=(4,)),
    Ddpm(network="ddpmpp", channels=4, variance="learned"),
    FlowMatching(network="cfm_unet", channels=8),
    FlowMatching(network="ddpmpp", channels=4),
]


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_a_state_is_loaded_bit_for_bit_and_trains_alike(
    family: TrainedFamily, digits: TrainingSet, tmp_path: Path
) -> None:
    state = family.fit(digits, family.initial(IMAGE, SEED_0), range(3), TRAIN, SEED_0).state
    family.save(state, tmp_path / "with", training_state=True)
    loaded = family.load(tmp_path / "with")
    assert equal_states(loaded, state)
    assert loaded.steps == state.steps == 3
    assert loaded.event == IMAGE
    first, second = (family.fit(digits, start, range(3, 5), TRAIN, SEED_0).state for start in (state, loaded))
    assert equal_states(first, second)

    family.save(state, tmp_path / "without", training_state=False)
    ema_only = family.load(tmp_path / "without")
    assert equal_tensors(ema_only.ema, state.ema)
    assert equal_tensors(ema_only.weights, state.ema)
    assert not ema_only.moments
    rows = [family.sample(model, 0, 2, Sample(steps=2), SEED_0) for model in (state, ema_only)]
    np.testing.assert_array_equal(rows[0], rows[1])
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert suffixes == {".json", ".safetensors"}


def pipeline_and_latents(family: TrainedFamily, folder: Path, count: int = 2) -> tuple[Any, nn.Module, Tensor]:
    """A saved U-Net opened by diffusers, its network, and the latents that the pipeline draws."""
    declare_missing_schemas()
    from diffusers import DiffusionPipeline

    state = family.initial(IMAGE, SEED_0)
    family.save(state, folder, training_state=True)
    pipeline = DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    latents = torch.randn((count, *IMAGE), generator=torch.Generator().manual_seed(7))
    return pipeline, with_weights(state.config, state.ema).eval(), latents


def images(pipeline: Any, steps: int) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    out = pipeline(batch_size=2, generator=generator, num_inference_steps=steps, output_type="np").images
    return torch.from_numpy(out).permute(0, 3, 1, 2) * 2 - 1


def test_diffusers_samples_a_saved_ddpm_alike(tmp_path: Path) -> None:
    pipeline, network, latents = pipeline_and_latents(DDPM_UNET, tmp_path)
    with torch.inference_mode():
        rows = ddim(network, latents, compute_timesteps(10, "even"), "linear")
    assert torch.allclose(images(pipeline, 10), rows, atol=1e-3)


def test_diffusers_samples_a_saved_flow_alike(tmp_path: Path) -> None:
    pipeline, network, latents = pipeline_and_latents(FLOW_UNET, tmp_path)
    with torch.inference_mode():
        rows = integrate(network, latents, Sample(steps=10)).clamp(-1, 1)
    assert torch.allclose(images(pipeline, 200), rows, atol=0.02)
    assert not torch.allclose(rows, latents.clamp(-1, 1), atol=0.1)


def test_a_folder_of_another_family_or_kind_is_refused(tmp_path: Path) -> None:
    FLOW_UNET.save(FLOW_UNET.initial(IMAGE, SEED_0), tmp_path / "flow", training_state=False)
    DDPM_UNET.save(DDPM_UNET.initial(IMAGE, SEED_0), tmp_path / "ddpm", training_state=False)
    with pytest.raises(
        InputError, match="scheduler has _class_name: DDIMScheduler, but this family needs FlowMatchEuler"
    ):
        FLOW_UNET.load(tmp_path / "ddpm")
    with pytest.raises(InputError, match="scheduler has beta_schedule: None, but this family needs linear"):
        DDPM_UNET.load(tmp_path / "flow")
    config = tmp_path / "ddpm" / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"prediction_type": "v_prediction"}))
    with pytest.raises(InputError, match="prediction_type: v_prediction, but this family needs epsilon"):
        DDPM_UNET.load(tmp_path / "ddpm")
    with pytest.raises(InputError, match=r"no config\.json with network: mlp"):
        DDPM_MLP.load(tmp_path / "ddpm")
    FLOW_MLP.save(FLOW_MLP.initial(IMAGE, SEED_0), tmp_path / "mlp", training_state=False)
    with pytest.raises(InputError, match="scheduler has num_train_timesteps: None, but this family needs 1000"):
        DDPM_MLP.load(tmp_path / "mlp")
    with pytest.raises(InputError, match=r"no model_index\.json; this is no diffusers pipeline folder"):
        FLOW_UNET.load(tmp_path / "mlp")


def change_unet_config(folder: Path, **settings: float | str) -> None:
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | settings))


def test_the_dropout_of_a_folder_is_not_used(digits: TrainingSet, tmp_path: Path) -> None:
    DDPM_UNET.save(DDPM_UNET.initial(IMAGE, SEED_0), tmp_path, training_state=False)
    change_unet_config(tmp_path, dropout=0.5)
    state, before = DDPM_UNET.load(tmp_path), torch.get_rng_state()
    first, second = (DDPM_UNET.fit(digits, state, range(2), TRAIN, SEED_0).state for _ in range(2))
    assert equal_states(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_class_conditional_unet_is_refused(tmp_path: Path) -> None:
    DDPM_UNET.save(DDPM_UNET.initial(IMAGE, SEED_0), tmp_path, training_state=False)
    change_unet_config(tmp_path, class_embed_type="timestep")
    with pytest.raises(InputError, match="its U-Net is class-conditional"):
        DDPM_UNET.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("layers_per_block", "two", "layers_per_block is 'two', not of type int"),
        ("layers_per_block", 1.5, "layers_per_block is 1.5, not of type int"),
        ("norm_eps", "1e-5", "norm_eps is '1e-5', not of type float"),
        ("norm_eps", True, "norm_eps is True, not of type float"),
    ],
)
def test_a_setting_of_a_unet_that_is_no_number_is_refused(name: str, value: Any, message: str) -> None:
    """diffusers notices some of these in the first forward pass, and others never."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _unet_arguments({"layers_per_block": 2, name: value})


def test_settings_of_a_unet_are_those_that_diffusers_knows() -> None:
    stored = {"layers_per_block": 2, "norm_eps": 1, "attention_head_dim": None, "_version": "1", "unknown": "x"}
    assert _unet_arguments(stored) == {"layers_per_block": 2, "norm_eps": 1, "attention_head_dim": None}


def test_a_unet_folder_with_a_wrong_setting_is_named(tmp_path: Path) -> None:
    DDPM_UNET.save(DDPM_UNET.initial(IMAGE, SEED_0), tmp_path, training_state=False)
    change_unet_config(tmp_path, norm_eps="small")
    with pytest.raises(InputError, match=f"{re.escape(str(tmp_path))} cannot be read as a saved model: "):
        DDPM_UNET.load(tmp_path)


def test_a_pipeline_folder_with_damaged_or_missing_weights_is_refused(tmp_path: Path) -> None:
    family = Ddpm(network="unet", channels=8, multipliers=(1,))
    family.save(family.initial((1, 4, 4), Streams((7,), 0)), tmp_path, training_state=False)
    file = tmp_path / "unet/diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    missing = sorted(weights)[0]
    save_file({name: value for name, value in weights.items() if name != missing}, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"lacks 1 weights of its network, such as {missing}"):
        family.load(tmp_path)
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(InputError, match="cannot be read as a saved model"):
        family.load(tmp_path)


@pytest.mark.parametrize("family", [family for family in FAMILIES if getattr(family, "network", "") == "unet"], ids=str)
def test_a_pipeline_of_every_family_is_loaded(family: Any, tmp_path: Path) -> None:
    state = family.initial(IMAGE, SEED_0)
    family.save(state, tmp_path, training_state=False)
    pipeline = load_pipeline(tmp_path)
    assert type(pipeline).__name__ == json.loads((tmp_path / PIPELINE).read_text())["_class_name"]
    stored = pipeline.unet.state_dict()
    assert all(torch.equal(stored[name], state.ema[name].cpu()) for name in stored)


@pytest.mark.parametrize(
    "change",
    [
        {"_class_name": ["evil", "Evil"]},
        {"unet": ["evil", "Evil"]},
        {"scheduler": ["evil", "Evil"]},
        {"scheduler": ["diffusers", "evil"]},
        {"scheduler": "evil"},
        {"_class_name": "StableDiffusionPipeline"},
    ],
    ids=str,
)
def test_a_pipeline_of_other_classes_is_refused_and_no_code_of_its_folder_runs(
    change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    DDPM_UNET.save(DDPM_UNET.initial(IMAGE, SEED_0), tmp_path, training_state=False)
    for folder in ("", "unet", "scheduler"):
        (tmp_path / folder / "evil.py").write_text("raise SystemExit('code of a store runs')")
    monkeypatch.syspath_prepend(str(tmp_path))
    index = json.loads((tmp_path / PIPELINE).read_text())
    (tmp_path / PIPELINE).write_text(json.dumps(index | change))
    with pytest.raises(InputError, match="names classes that raysc does not write"):
        load_pipeline(tmp_path)
