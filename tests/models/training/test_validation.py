import pytest

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.diffusion.edm import Edm
from raysc.models.family import SupportsSettingsCheck
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.flows.normalizing_flow import NormalizingFlow
from raysc.models.language.causal_lm import CausalLm
from raysc.settings import Ramp, Sample, Train

IMAGE = (1, 8, 8)
UNET = FlowMatching(network="unet", channels=8)


@pytest.mark.parametrize(
    ("family", "event", "train", "message"),
    [
        (Ddpm(), IMAGE, Train(dropout=0.1), r"train\.dropout: goes with network: unet"),
        (Edm(), (2,), Train(dropout=0.1), r"train\.dropout: networks of points"),
        (FlowMatching(), (2,), Train(flips=True), r"train\.flips: networks of points"),
        (FlowMatching(), (2,), Train(precision="bf16"), r"train\.precision: networks of points train in plain float32"),
        (FlowMatching(), (2,), Train(augmentation=0.1), r"train\.augmentation: networks of points"),
        (Ddpm(), (2,), Train(precision="bf16"), r"train\.precision: networks of points train in plain float32"),
        (NormalizingFlow(), (2,), Train(flips=True), r"train\.flips: networks of points"),
        (NormalizingFlow(), (2,), Train(micro_batch=4), r"train\.micro_batch: networks of points"),
        (NormalizingFlow(), (2,), Train(augmentation=0.1), r"train\.augmentation: networks of points"),
        (FlowMatching(), (2,), Train(warmup=0.1, ramp=Ramp(steps=8)), r"train\.ramp: .* by warmup or by ramp"),
        (Edm(), IMAGE, Train(augmentation=0.1), r"train\.augmentation: goes with network: unet"),
        (Ddpm(), IMAGE, Train(recompute=True), r"train\.recompute: goes with network: unet"),
        (UNET, IMAGE, Train(shard=True, precision="fp16"), r"train\.shard: fp16 cannot be sharded"),
        (CausalLm(), (16,), Train(dropout=0.1), r"train\.dropout: goes with network: unet"),
        (CausalLm(), (16,), Train(flips=True), r"train\.flips: only images"),
        (CausalLm(), (16,), Train(compile="off"), r"train\.compile: goes with network: unet"),
    ],
)
def test_unsupported_settings_are_refused(
    family: SupportsSettingsCheck, event: tuple[int, ...], train: Train, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        family.check_settings(event, train, Sample())


def test_supported_settings_pass() -> None:
    FlowMatching().check_settings(IMAGE, Train(precision="bf16"), Sample())
    UNET.check_settings(
        IMAGE, Train(augmentation=0.1, dropout=0.1, flips=True, recompute=True, compile="off"), Sample()
    )
    FlowMatching().check_settings((2,), Train(lr=1e-2, clip=1.0, warmup=0.1), Sample())
