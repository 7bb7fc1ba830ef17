"""Archives of torchcfm and ddpm-torch: their networks compute what the formulas say; other contents are refused."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from raysc.models.checkpoint_files.inert import RefusedError, Storage, StoredTensor
from raysc.models.checkpoint_files.torch_files import read_archive
from raysc.models.checkpoint_files.unets import read_unet, unet_checkpoint
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.build import parameter_count, with_weights
from raysc.models.networks.network import predict
from tests.public_networks import GuidedUNet, HoUNet
from tests.unet_archives import CFM_FILE, DDPM_FILE, GUIDED, HO, MULTIPLIERS, RES_BLOCKS, saved

ROWS = torch.randn(1, 3, 32, 32)


def test_torchcfms_network_computes_what_the_formulas_say(tmp_path: Path) -> None:
    checkpoint = read_unet(saved(CFM_FILE, tmp_path / "otcfm.pt"))
    t = torch.tensor([0.37])
    with torch.no_grad():
        expected = GuidedUNet(GUIDED, MULTIPLIERS, RES_BLOCKS)(ROWS, t)
        velocity = -predict(with_weights(checkpoint.config, checkpoint.ema), ROWS, 1000 * (1 - t))
    assert expected.abs().mean() > 0.1
    torch.testing.assert_close(velocity, expected, rtol=1e-5, atol=1e-5)
    assert checkpoint.steps == 400_000
    state = FlowMatching(network="cfm_unet").load(tmp_path / "otcfm.pt")
    assert torch.equal(state.ema["unet.conv_in.weight"], 2 * state.weights["unet.conv_in.weight"])
    key = "unet.down_blocks.1.attentions.0.to_k.weight"
    assert torch.equal(state.moments[f"{key}/exp_avg"], 2 * state.ema[key])
    assert state.moments[f"{key}/step"] == 7


def test_ddpm_torchs_network_computes_what_the_formulas_say(tmp_path: Path) -> None:
    checkpoint = read_unet(saved(DDPM_FILE, tmp_path / "cifar10_1000.pt"))
    timesteps = torch.tensor([417.0])
    with torch.no_grad():
        expected = HoUNet(HO, MULTIPLIERS, RES_BLOCKS)(ROWS, timesteps)
        noise = predict(with_weights(checkpoint.config, checkpoint.ema), ROWS, timesteps)
    assert expected.abs().mean() > 0.1
    torch.testing.assert_close(noise, expected, rtol=1e-5, atol=1e-5)
    state = Ddpm(network="unet").load(tmp_path / "cifar10_1000.pt")
    assert state.steps == 390_000
    assert torch.equal(state.ema["conv_in.weight"], 2 * state.weights["conv_in.weight"])
    assert torch.equal(state.moments["conv_in.weight/exp_avg"], 2 * state.ema["conv_in.weight"])
    assert checkpoint.model == {
        "name": "ddpm", "network": "unet", "channels": 32, "multipliers": [1, 4], "res_blocks": 1, "attention": [16]
    }  # fmt: skip


def test_torchcfms_network_of_cifar10_has_its_parameters() -> None:
    family = FlowMatching(
        network="cfm_unet", channels=128, multipliers=(1, 2, 2, 2), res_blocks=2, attention=(16,), head_channels=64
    )
    assert parameter_count(family.network_config((3, 32, 32))) == 35_746_307


def test_parameters_that_are_views_of_one_buffer_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distributed optimisers keep all parameters in one flat buffer."""
    weights = GUIDED
    flat = torch.cat([value.reshape(-1) for value in weights.values()])
    parts = flat.split([value.numel() for value in weights.values()])
    views = {name: part.view(value.shape) for part, (name, value) in zip(parts, weights.items(), strict=True)}
    path, loads, load = saved({"net_model": views}, tmp_path / "flat.pt"), list[int](), Storage.load

    def counted(storage: Storage) -> torch.Tensor:
        loads.append(storage.values)
        return load(storage)

    monkeypatch.setattr(Storage, "load", counted)
    checkpoint = read_unet(path)
    assert loads == [len(flat)]
    separate = read_unet(saved({"net_model": weights}, tmp_path / "separate.pt"))
    assert all(torch.equal(value, checkpoint.weights[name]) for name, value in separate.weights.items())


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("archives")
    return {name: read_archive(saved(file, folder / name)) for name, file in (("cfm", CFM_FILE), ("ddpm", DDPM_FILE))}


def reshaped(values: Any) -> None:
    bias = values["net_model"]["out.2.bias"]
    values["net_model"]["out.2.bias"] = StoredTensor(bias.storage, 0, (3, 1, 1), (1, 1, 1))


def large(values: Any) -> StoredTensor:
    """A tensor of three values in a storage larger than the file."""
    storage = Storage(torch.float32, 10**9, lambda: b"")
    return StoredTensor(storage, 0, (3,), (1,))


def empty() -> StoredTensor:
    return StoredTensor(Storage(torch.float32, 0, lambda: b""), 0, (0,), (1,))


def step_in_a_large_storage(values: Any) -> None:
    """A number of steps that lies in all weights' storage, which would be read once for each of them."""
    state = values["optim"]["state"]
    for entry in state.values():
        entry["step"] = StoredTensor(state[0]["exp_avg"].storage, 1, (), ())


def far_level(values: Any) -> dict[str, Any]:
    """A layer of a level whose number is longer than Python converts."""
    return {f"downsamples.level_{'1' * 5000}.0.conv1.weight": values["model"]["module.in_conv.weight"]}


REFUSALS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("cfm", reshaped, r"the tensor out.2.bias has the shape \(3, 1, 1\), which does not fit its network"),
    ("cfm", lambda values: values["net_model"].pop("out.2.bias"), "it lacks the tensor out.2.bias of its network"),
    ("cfm", lambda values: values["ema_model"].update(extra=1), "its network has no tensor 'extra'"),
    ("cfm", lambda values: values["net_model"].update({"out.2.bias": 5}), "out.2.bias is no tensor of floating-point"),
    ("cfm", lambda values: values.pop("net_model"), "neither net_model, as torchcfm's files do, nor model"),
    ("cfm", lambda values: values["net_model"].update({3: 4}), "no mapping from names to tensors"),
    ("cfm", lambda values: values.update(step=-1), "its step is '-1', no number"),
    ("cfm", lambda values: values["net_model"].update(a=large(values)), "its network has no tensor 'a'"),
    ("cfm", lambda values: values["net_model"].update({"out.2.bias": large(values)}), "are larger than the file"),
    (
        "cfm",
        lambda values: values["net_model"].update({"out.2.bias": empty()}),
        r"has the shape \(0,\), which does not",
    ),
    ("cfm", step_in_a_large_storage, "its optimiser has no number of steps"),
    ("ddpm", lambda values: values["model"].update(far_level(values)), "has no tensor 'downsamples.level_1111"),
    ("ddpm", lambda values: values.update(model={}), "it lacks the tensor embed.0.weight"),
    ("ddpm", lambda values: values["optimizer"]["state"][0].update(exp_avg=1), "is no tensor of floating-point"),
]


@pytest.mark.parametrize(("name", "change", "message"), REFUSALS, ids=[message for *_, message in REFUSALS])
def test_other_contents_are_refused(values: Any, name: str, change: Callable[[Any], Any], message: str) -> None:
    changed = deepcopy(values[name])
    change(changed)
    with pytest.raises(RefusedError, match=message):
        unet_checkpoint(changed, limit=10**9)
