"""EDM's network pickles: their networks compute what the formulas say, and other contents are refused by name."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from raysc.errors import InputError
from raysc.models.checkpoint_files.edm import edm_checkpoint, read_edm
from raysc.models.checkpoint_files.inert import Record, RefusedError, Storage, StoredTensor
from raysc.models.checkpoint_files.names import EDM_CALLS
from raysc.models.checkpoint_files.torch_files import read_pickle
from raysc.models.networks.build import with_weights
from tests.edm_pickles import EDMPrecond, VPPrecond, contents, song_unet, write_pickle
from tests.public_networks import SongUNet

ROWS, NOISE_LABELS = torch.randn(2, 3, 8, 8), torch.tensor([-1.3, 0.9])


def test_a_network_computes_what_the_papers_formulas_say(tmp_path: Path) -> None:
    unet = song_unet(multipliers=(1, 2, 2), heights=(4,), res_blocks=2)
    labels = torch.randn(2, 9)
    checkpoint = read_edm(write_pickle(contents(EDMPrecond(unet)), tmp_path / "network.pkl"))
    network = with_weights(checkpoint.config, checkpoint.ema)
    formulas = SongUNet(unet.state_dict(), 8, (1, 2, 2), 2, (4,))
    with torch.no_grad():
        for augment_labels in (None, labels):
            expected = formulas(ROWS, NOISE_LABELS, augment_labels)
            assert expected.abs().mean() > 0.1
            torch.testing.assert_close(network(ROWS, NOISE_LABELS, augment_labels), expected, rtol=1e-5, atol=1e-5)
    assert checkpoint.model == {
        "name": "edm", "network": "ddpmpp", "channels": 12, "multipliers": [1, 2, 2], "res_blocks": 2, "attention": [4]
    }  # fmt: skip
    assert checkpoint.settings == {"preconditioning": "EDMPrecond", "dropout": 0.13}


def test_a_variance_preserving_network_is_for_that_preconditioning(tmp_path: Path) -> None:
    checkpoint = read_edm(write_pickle(contents(VPPrecond(song_unet())), tmp_path / "network.pkl"))
    assert checkpoint.model["preconditioning"] == "vp"
    assert checkpoint.scheduler["beta_end"] == 0.02


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Contents of a valid pickle, before they are converted."""
    path = write_pickle(contents(EDMPrecond(song_unet())), tmp_path_factory.mktemp("edm") / "network.pkl")
    return read_pickle(path, EDM_CALLS)


def unet_of(values: Any) -> Record:
    unet: Record = values["ema"].state["_modules"]["model"]
    return unet


def modules(values: Any) -> Any:
    return unet_of(values).state["_modules"]


def settings(**changes: Any) -> Callable[[Any], None]:
    return lambda values: unet_of(values).state["_init_kwargs"].update(changes)


def wrong_shape(values: Any) -> None:
    parameters = modules(values)["map_layer0"].state["_parameters"]
    parameters["weight"] = parameters["bias"]


def wrong_filter(values: Any) -> None:
    skip = modules(values)["enc"].state["_modules"]["4x4_down"].state["_modules"]["skip"]
    storage = Storage(torch.float32, 4, lambda: torch.tensor([1.0, 3.0, 3.0, 1.0]).numpy().tobytes())
    skip.state["_buffers"]["resample_filter"] = StoredTensor(storage, 0, (1, 1, 2, 2), (4, 4, 2, 1))


def nested(values: Any) -> None:
    for _ in range(20):
        child = modules(values)["map_layer1"]
        empty: dict[str, Any] = {"_parameters": {}, "_buffers": {}}
        modules(values)["map_layer1"] = Record("ModuleDict", {**empty, "_modules": {"a": child}})


def shared(values: Any) -> None:
    """Let every tensor claim all values of one storage, as 10 GB of zeros in a small file would."""
    storage = Storage(torch.float32, 10**10, lambda: b"")
    for module in modules(values).values():
        parameters = module.state["_parameters"]
        parameters.update({name: StoredTensor(storage, 0, (10**9,), (1,)) for name, value in parameters.items()})


def claim_filters(values: Any) -> None:
    """Let a filter of four values lie in a large storage, which would be read for each filter."""
    skip = modules(values)["enc"].state["_modules"]["4x4_down"].state["_modules"]["skip"]
    storage = Storage(torch.float32, 10**9, lambda: b"")
    skip.state["_buffers"]["resample_filter"] = StoredTensor(storage, 0, (1, 1, 2, 2), (4, 4, 2, 1))


def many_lists() -> list[Any]:
    """Lists that hold the one before twice: the text of the last one has 2^60 characters."""
    values: list[Any] = []
    for _ in range(60):
        values = [values, values]
    return values


def deep_list() -> list[Any]:
    values: list[Any] = []
    for _ in range(5000):
        values = [values]
    return values


REFUSALS: list[tuple[Callable[[Any], Any], str]] = [
    (wrong_shape, r"the tensor map_layer0.weight has the shape \(48,\), which does not fit its network"),
    (wrong_filter, r"another filter than \[1, 1\]"),
    (claim_filters, r"another filter than \[1, 1\]"),
    (nested, "more parts than a SongUNet"),
    (shared, "its tensors share values, and are larger than the file"),
    (lambda values: modules(values).update(extra=Record("Popen")), "a part of the class 'Popen', which no DDPM"),
    (lambda values: modules(values).update(extra=modules(values)["map_layer0"]), "has no tensor 'extra.bias'"),
    (lambda values: modules(values).pop("map_layer0"), "it lacks the tensor map_layer0.bias"),
    (lambda values: unet_of(values).state["_parameters"].update(weight=1), "'weight' is no tensor"),
    (lambda values: unet_of(values).state["_parameters"].update({"a\n\x1b[31m": 1}), r"'a\\n\\x1b\[31m' is no tensor"),
    (lambda values: unet_of(values).state.update(_init_kwargs=None), "'SongUNet' has no _init_kwargs"),
    (lambda values: values["ema"].state.update(sigma_data=1.0), "its sigma_data is '1.0', and raysc has 0.5"),
    (lambda values: values["ema"].state["_modules"].update(model=Record("Linear")), "the class 'Linear', and raysc"),
    (lambda values: values.update(ema=unet_of(values)), "class 'SongUNet', and raysc knows EDMPrecond or VPPrecond"),
    (lambda values: values.pop("ema"), "holds no network under the key ema"),
    (settings(label_dim=10), "label_dim '10', and raysc's has 0"),
    (settings(label_dim=many_lists()), r"label_dim '\[\[\[\.\.\.\], \[\.\.\.\]\]"),
    (settings(img_resolution=deep_list()), r"img_resolution is '\[\[\[\.\.\.\]\]\]', no number"),
    (settings(dropout=many_lists()), r"its dropout is '\[\[\[\.\.\.\]"),
    (settings(encoder_type="residual"), "encoder_type 'residual'"),
    (settings(model_channels=10**9), "model_channels is '1000000000', no number"),
    (settings(num_blocks="four"), "num_blocks is 'four', no number from 1 to 16"),
    (settings(channel_mult=[]), "a U-Net has at least one level"),
    (settings(channel_mult=[1] * 9), "channel_mult is no list of at most 8"),
    (settings(out_channels=6), "another number of channels at the output"),
]


@pytest.mark.parametrize(("change", "message"), REFUSALS, ids=[message for _, message in REFUSALS])
def test_other_contents_are_refused(values: Any, change: Callable[[Any], Any], message: str) -> None:
    changed = deepcopy(values)
    change(changed)
    with pytest.raises((RefusedError, InputError), match=message):
        edm_checkpoint(changed, limit=10**6)
